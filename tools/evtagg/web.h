/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the web page of `evtagg serve` and the report share: one file of HTML with its
 * style and scripts inside (web/), so that nothing is fetched from anywhere, and data
 * as JSON that is harmless inside of HTML.
 */
#ifndef EVTAGG_WEB_H
#define EVTAGG_WEB_H

#include "grid.h"

extern const char web_style_css[], web_chart_js[], web_serve_js[], web_report_js[];

/* Scripts and style of the page itself, and of nobody else. */
#define WEB_POLICY                                                                    \
	"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; " \
	"img-src data:; base-uri 'none'; form-action 'none'"

/* A whole page; data (JSON, or NULL) becomes the text of <script id="data">. */
void web_page(struct textbuf *b, const char *title, const char *script, const char *policy,
	      const struct textbuf *data);
/* The first `most` rows of a grid, as web/serve.js reads them; result may be NULL. */
void web_grid(struct textbuf *b, const struct grid *grid, uint32_t most,
	      const struct result *result);
/* A result, as view_json has it. */
int web_result(struct textbuf *b, const struct result *result);

#endif /* EVTAGG_WEB_H */
