/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker and Podman, which answer HTTP on a unix socket with much the same
 * JSON. A container's own JSON names its image; repository, tag and digest are
 * the image's, so Docker is asked for that too.
 */
#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>

#include "runtime.h"

struct http {
	CURL *curl;
	char *text;
	size_t len;
	size_t capacity;
	struct runtime_settings settings;
};

static size_t on_data(char *data, size_t size, size_t n, void *userdata)
{
	struct http *h = userdata;
	size_t more = size * n;

	if (more > RUNTIME_ANSWER_MAX - h->len)
		return 0;
	if (h->len + more > h->capacity) {
		size_t capacity = MAX((h->len + more) * 2, (size_t)4096);
		char *text = realloc(h->text, capacity);

		if (!text)
			return 0;
		h->text = text;
		h->capacity = capacity;
	}
	memcpy(h->text + h->len, data, more);
	h->len += more;
	return more;
}

static void http_close(void *self)
{
	struct http *h = self;

	if (!h)
		return;
	curl_easy_cleanup(h->curl);
	free(h->text);
	free(h);
}

static void *http_open(const char *socket, const struct runtime_settings *settings)
{
	struct http *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->settings = *settings;
	h->curl = curl_easy_init();
	if (!h->curl) {
		http_close(h);
		return NULL;
	}
	curl_easy_setopt(h->curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(h->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h->curl, CURLOPT_TIMEOUT_MS, (long)settings->timeout_ms);
	curl_easy_setopt(h->curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, h);
	curl_easy_setopt(h->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(h->curl, CURLOPT_PROTOCOLS_STR, "http");
	return h;
}

static int curl_errno(CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return 0;
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_COULDNT_CONNECT:
		return -ECONNREFUSED;
	case CURLE_OUT_OF_MEMORY:
		return -ENOMEM;
	default:
		return -EBADMSG;
	}
}

/* The answer's JSON (NULL for none, with ret_json NULL). -ENOENT: 404. */
static int http_get(struct http *h, const char *path, json_t **ret_json)
{
	char url[512];
	long status = 0;
	int r;

	if ((size_t)snprintf(url, sizeof(url), "http://localhost%s", path) >= sizeof(url))
		return -EINVAL;
	h->len = 0;
	curl_easy_setopt(h->curl, CURLOPT_URL, url);
	r = curl_errno(curl_easy_perform(h->curl));
	if (r < 0)
		return r;
	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 404)
		return -ENOENT;
	if (status != 200)
		return -EBADMSG;
	if (!ret_json)
		return 0;
	*ret_json = json_loadb(h->text ? h->text : "", h->len, 0, NULL);
	return *ret_json ? 0 : -EBADMSG;
}

static int http_ping(void *self)
{
	return http_get(self, "/_ping", NULL);
}

/* It goes into a URL. */
static bool is_plain(const char *id)
{
	for (const char *p = id; *p; p++) {
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_' && *p != '.' && *p != ':')
			return false;
	}
	return *id != '\0';
}

/* ---- what both say alike -------------------------------------------------------------- */

static void add_labels(const struct http *h, json_t *container, json_t *labels)
{
	const char *key;
	json_t *value;

	json_object_foreach(labels, key, value) runtime_json_label(
		container, &h->settings, "labels", key, json_string_value(value));
}

static void add_mounts(json_t *container, json_t *mounts)
{
	json_t *mount;
	size_t i;

	json_array_foreach(mounts, i, mount) runtime_json_mount(
		container, runtime_json_path(mount, "Source", NULL),
		runtime_json_path(mount, "Destination", NULL),
		runtime_json_path(mount, "Mode", NULL), json_is_true(json_object_get(mount, "RW")),
		runtime_json_path(mount, "Propagation", NULL));
}

static void add_number(json_t *container, const char *key, const json_t *host, const char *from)
{
	json_int_t value = json_integer_value(json_object_get(host, from));

	if (value > 0)
		json_object_set_new(container, key, json_integer(value));
}

static void add_host(json_t *container, const json_t *host, const char *mode, const char *key)
{
	const char *value = runtime_json_path(host, mode, NULL);

	if (value && strcmp(value, "host") == 0)
		json_object_set_new(container, key, json_true());
}

/* RFC 3339, in UTC or with an offset, as both write it. */
static void add_created(json_t *container, const char *text)
{
	struct tm tm = {0};
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	int hours, minutes;
	char sign;
	time_t t;

	if (!rest)
		return;
	t = timegm(&tm);
	rest += strspn(rest, ".0123456789");
	if (sscanf(rest, "%c%2d:%2d", &sign, &hours, &minutes) == 3)
		t -= (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	json_object_set_new(container, "created_time", json_integer(t));
}

/* The port of "80/tcp", with the address and port on the host of each binding. */
static void add_ports(json_t *container, json_t *ports)
{
	const char *key;
	json_t *bindings;
	json_t *binding;
	size_t i;

	json_object_foreach(ports, key, bindings)
	{
		if (!strstr(key, "/tcp"))
			continue;
		json_array_foreach(bindings, i, binding)
		{
			const char *ip = runtime_json_path(binding, "HostIp", NULL);
			const char *port = runtime_json_path(binding, "HostPort", NULL);
			unsigned int a, b, c, d;

			if (!port || sscanf(ip ? ip : "", "%3u.%3u.%3u.%3u", &a, &b, &c, &d) != 4)
				continue;
			json_array_append_new(
				json_object_get(container, "port_mappings"),
				json_pack("{s:I, s:I, s:I}", "HostIp",
					  (json_int_t)(a << 24 | b << 16 | c << 8 | d), "HostPort",
					  (json_int_t)strtol(port, NULL, 10), "ContainerPort",
					  (json_int_t)strtol(key, NULL, 10)));
		}
	}
}

static json_t *inspected(const struct http *h, const json_t *from, enum enrich_container_type type,
			 json_t **ret_container)
{
	const json_t *host = json_object_get(from, "HostConfig");
	const json_t *network = json_object_get(from, "NetworkSettings");
	const json_t *config = json_object_get(from, "Config");
	const char *id = runtime_json_path(from, "Id", NULL);
	const char *name = runtime_json_path(from, "Name", NULL);
	json_t *container;
	json_t *root;

	root = id ? runtime_json_new(type, id, &container) : NULL;
	if (!root)
		return NULL;
	if (name && name[0] == '/')
		name++;
	runtime_json_text(container, "name", name);
	if (name && strstr(name, "k8s_POD"))
		json_object_set_new(container, "is_pod_sandbox", json_true());
	runtime_json_text(container, "User", runtime_json_path(config, "User", NULL));
	runtime_json_text(container, "ip", runtime_json_path(network, "IPAddress", NULL));
	if (json_is_array(json_object_get(config, "Env")))
		json_object_set(container, "env", json_object_get(config, "Env"));
	if (json_is_true(json_object_get(host, "Privileged")))
		json_object_set_new(container, "privileged", json_true());
	add_host(container, host, "IpcMode", "host_ipc");
	add_host(container, host, "PidMode", "host_pid");
	add_host(container, host, "NetworkMode", "host_network");
	add_number(container, "cpu_period", host, "CpuPeriod");
	add_number(container, "cpu_quota", host, "CpuQuota");
	add_number(container, "cpu_shares", host, "CpuShares");
	add_number(container, "memory_limit", host, "Memory");
	add_number(container, "swap_limit", host, "MemorySwap");
	add_created(container, runtime_json_path(from, "Created", NULL));
	add_ports(container, json_object_get(network, "Ports"));
	add_mounts(container, json_object_get(from, "Mounts"));
	add_labels(h, container, json_object_get(config, "Labels"));
	*ret_container = container;
	return root;
}

/* ---- Docker ------------------------------------------------------------------------------- */

static void cut(char *buf, size_t size, const char *text, size_t len)
{
	len = MIN(len, size - 1);
	memcpy(buf, text, len);
	buf[len] = '\0';
}

/*
 * An image has as many names as one gives it. The repository is that of the
 * first digest, or else of the first tag; tag and digest are those that go
 * with it.
 */
static void add_image(json_t *container, const json_t *image)
{
	const char *id = runtime_json_path(image, "Id", NULL);
	char repo[256] = "";
	const json_t *item;
	size_t i;

	if (id)
		runtime_json_text(container, "imageid",
				  strncmp(id, "sha256:", 7) == 0 ? id + 7 : id);
	json_array_foreach(json_object_get(image, "RepoDigests"), i, item)
	{
		const char *text = json_string_value(item);
		const char *at = text ? strchr(text, '@') : NULL;

		if (!at)
			continue;
		cut(repo, sizeof(repo), text, (size_t)(at - text));
		runtime_json_text(container, "imagedigest", at + 1);
		break;
	}
	json_array_foreach(json_object_get(image, "RepoTags"), i, item)
	{
		const char *text = json_string_value(item);
		const char *colon = text ? strrchr(text, ':') : NULL;
		size_t len = colon ? (size_t)(colon - text) : 0;

		if (len == 0 || strchr(colon, '/'))
			continue;
		if (!repo[0])
			cut(repo, sizeof(repo), text, len);
		if (strlen(repo) != len || memcmp(repo, text, len) != 0)
			continue;
		runtime_json_text(container, "imagetag", colon + 1);
		break;
	}
	if (repo[0])
		runtime_json_text(container, "imagerepo", repo);
}

/* A container may use another's network. */
static void add_borrowed_ip(struct http *h, json_t *container, const json_t *host)
{
	const char *mode = runtime_json_path(host, "NetworkMode", NULL);
	char path[256];
	json_t *other;

	if (!mode || strncmp(mode, "container:", 10) != 0 || !is_plain(mode + 10) ||
	    (size_t)snprintf(path, sizeof(path), "/containers/%s/json", mode + 10) >=
		    sizeof(path) ||
	    http_get(h, path, &other) < 0)
		return;
	runtime_json_text(container, "ip",
			  runtime_json_path(other, "NetworkSettings", "IPAddress", NULL));
	json_decref(other);
}

static int docker_lookup(void *self, const char *id, json_t **ret_json)
{
	struct http *h = self;
	json_t *container;
	const char *image;
	char path[256];
	json_t *from;
	json_t *root;
	json_t *img;
	int r;

	if (!is_plain(id) ||
	    (size_t)snprintf(path, sizeof(path), "/containers/%s/json", id) >= sizeof(path))
		return -ENOENT;
	r = http_get(h, path, &from);
	if (r < 0)
		return r;
	root = inspected(h, from, ENRICH_CONTAINER_DOCKER, &container);
	if (!root) {
		json_decref(from);
		return -EBADMSG;
	}
	runtime_json_text(container, "image", runtime_json_path(from, "Config", "Image", NULL));
	runtime_json_text(container, "runtime",
			  runtime_json_path(from, "HostConfig", "Runtime", NULL));
	add_borrowed_ip(h, container, json_object_get(from, "HostConfig"));
	image = runtime_json_path(from, "Image", NULL);
	if (image && is_plain(image) &&
	    (size_t)snprintf(path, sizeof(path), "/images/%s/json", image) < sizeof(path) &&
	    http_get(h, path, &img) == 0) {
		add_image(container, img);
		json_decref(img);
	}
	json_decref(from);
	*ret_json = root;
	return 0;
}

const struct runtime_descriptor runtime_docker = {
	.runtime = SAKER_RUNTIME_DOCKER,
	.types = 1u << ENRICH_CONTAINER_DOCKER,
	.open = http_open,
	.close = http_close,
	.ping = http_ping,
	.lookup = docker_lookup,
};

/* ---- Podman ------------------------------------------------------------------------------- */

static int podman_lookup(void *self, const char *id, json_t **ret_json)
{
	struct http *h = self;
	json_t *container;
	char path[256];
	json_t *from;
	json_t *root;
	int r;

	if (!is_plain(id) ||
	    (size_t)snprintf(path, sizeof(path), "/v4.0.0/libpod/containers/%s/json", id) >=
		    sizeof(path))
		return -ENOENT;
	r = http_get(h, path, &from);
	if (r < 0)
		return r;
	root = inspected(h, from, ENRICH_CONTAINER_PODMAN, &container);
	if (root) {
		runtime_json_image(container, runtime_json_path(from, "ImageName", NULL));
		runtime_json_text(container, "imageid", runtime_json_path(from, "Image", NULL));
		runtime_json_text(container, "runtime",
				  runtime_json_path(from, "OCIRuntime", NULL));
		runtime_json_text(container, "imagedigest",
				  runtime_json_path(from, "ImageDigest", NULL));
		*ret_json = root;
	}
	json_decref(from);
	return root ? 0 : -EBADMSG;
}

const struct runtime_descriptor runtime_podman = {
	.runtime = SAKER_RUNTIME_PODMAN,
	.types = 1u << ENRICH_CONTAINER_PODMAN,
	.open = http_open,
	.close = http_close,
	.ping = http_ping,
	.lookup = podman_lookup,
};
