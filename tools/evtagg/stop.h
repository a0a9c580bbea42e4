/* SPDX-License-Identifier: Apache-2.0 */
/* The end that a person asks for: reading stops there, and what came so far is answered. */
#ifndef EVTAGG_STOP_H
#define EVTAGG_STOP_H

/* The one thing that a signal's handler may touch. */
extern volatile int stop_asked;

/* From here on SIGINT and SIGTERM set it, and interrupt what waits. */
void stop_on_signals(void);

#endif /* EVTAGG_STOP_H */
