/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Container runtimes asked over their sockets. What answers here is recorded
 * (CRI-O does not run where the tests do; Docker, Podman and containerd have live
 * tests besides), or misbehaves on purpose: hangs, nonsense, no rights.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include <saker/containers.h>

#include "cri.pb-c.h"
#include "fake_grpc.h"
#include "fake_http.h"
#include "state.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POD64 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

static char folder[] = "/tmp/saker-runtimes-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

/* ---- asking -------------------------------------------------------------------------------- */

static const char *const nobody[] = {NULL};

static struct saker_containers *new_containers(enum saker_runtime runtime, const char *socket,
					       uint32_t timeout_ms)
{
	struct saker_containers_options options = SAKER_CONTAINERS_OPTIONS_INIT;
	const char *sockets[] = {socket, NULL};
	struct saker_containers *c;

	for (int i = 0; i < SAKER_RUNTIMES; i++)
		options.sockets[i] = nobody;
	options.sockets[runtime] = sockets;
	options.timeout_ms = timeout_ms;
	options.host_root = "";
	assert_int_equal(saker_containers_new(&options, &c), 0);
	return c;
}

/* The container object of the next answer, a new reference; NULL = nobody knows it. */
static json_t *wait_answer(struct saker_containers *c, const char *id)
{
	struct saker_container_answer answer;
	struct saker_event_view view;
	json_t *container;
	json_t *root;

	for (int i = 0; saker_containers_next(c, 7, &answer) != 1; i++) {
		assert_true(i < 2000);
		usleep(5000);
	}
	assert_int_equal(answer.id_len, strlen(id));
	assert_memory_equal(answer.id, id, strlen(id));
	if (!answer.event)
		return NULL;
	assert_int_equal(answer.event->ts, 7);
	assert_int_equal(saker_event_decode(answer.event, answer.event->len, &view), 0);
	assert_string_equal((const char *)view.params[1].data, "container");
	root = json_loads((const char *)view.params[2].data, 0, NULL);
	container = json_incref(json_object_get(root, "container"));
	json_decref(root);
	assert_non_null(container);
	return container;
}

static json_t *ask(struct saker_containers *c, const char *id, int type)
{
	assert_true(saker_containers_ask(c, id, strlen(id), type) >= 0);
	return wait_answer(c, id);
}

static void expect_json(const json_t *object, const char *json)
{
	json_t *want = json_loads(json, 0, NULL);
	const char *key;
	json_t *value;

	assert_non_null(want);
	json_object_foreach(want, key, value)
	{
		const json_t *got = json_object_get(object, key);

		if (!json_equal(got, value)) {
			char *text = json_dumps(got, JSON_ENCODE_ANY);

			fail_msg("%s is %s", key, text);
		}
	}
	json_decref(want);
}

/* ---- HTTP ----------------------------------------------------------------------------------- */

static const char docker_inspect[] =
	"{\"Id\":\"" HEX64 "\",\"Name\":\"/web\",\"Created\":\"2024-05-01T10:20:30.123456789Z\","
	"\"Image\":\"sha256:abcd\",\"Config\":{\"Image\":\"reg.example.com:5000/team/web\","
	"\"User\":\"1000\",\"Env\":[\"A=b\"],\"Labels\":{\"app\":\"web\",\"long\":"
	"\"0123456789012345678901234567890123456789012345678901234567890123456789"
	"0123456789012345678901234567890123456789\"}},"
	"\"HostConfig\":{\"Privileged\":true,\"PidMode\":\"host\",\"IpcMode\":\"private\","
	"\"NetworkMode\":\"container:" POD64
	"\",\"Runtime\":\"runc\",\"CpuShares\":512,\"Memory\":1048576},"
	"\"NetworkSettings\":{\"IPAddress\":\"\",\"Ports\":{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\","
	"\"HostPort\":\"8080\"}],\"53/udp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"53\"}]}},"
	"\"Mounts\":[{\"Source\":\"/etc\",\"Destination\":\"/e\",\"Mode\":\"ro\",\"RW\":false,"
	"\"Propagation\":\"rprivate\"}]}";

static void test_docker_recorded(void **state)
{
	static const struct fake_answer answers[] = {
		{"/_ping", "OK"},
		{"/containers/" HEX64 "/json", docker_inspect},
		{"/containers/" POD64 "/json",
		 "{\"Id\":\"" POD64 "\",\"NetworkSettings\":{\"IPAddress\":\"172.17.0.5\"}}"},
		{"/images/sha256:abcd/json",
		 "{\"Id\":\"sha256:abcd\",\"RepoDigests\":[\"broken\",\"reg.example.com:5000/team/"
		 "web@sha256:d1\"],\"RepoTags\":[\"other:1\",\"reg.example.com:5000/team/"
		 "web:2.1\"]}"},
		{NULL, NULL},
	};
	struct fake_http http = {.answers = answers};
	struct saker_containers *c;
	json_t *got;

	(void)state;
	assert_int_equal(fake_start(&http, folder, "docker.sock"), 0);
	c = new_containers(SAKER_RUNTIME_DOCKER, http.socket, 2000);
	got = ask(c, HEX64, ENRICH_CONTAINER_DOCKER);
	expect_json(got,
		    "{\"type\":0,\"id\":\"0123456789ab\",\"full_id\":\"" HEX64 "\","
		    "\"name\":\"web\",\"image\":\"reg.example.com:5000/team/web\","
		    "\"imagerepo\":\"reg.example.com:5000/team/web\",\"imagetag\":\"2.1\","
		    "\"imagedigest\":\"sha256:d1\",\"imageid\":\"abcd\",\"ip\":\"172.17.0.5\","
		    "\"privileged\":true,\"host_pid\":true,\"host_ipc\":false,\"runtime\":\"runc\","
		    "\"host_network\":false,\"created_time\":1714558830,\"cpu_shares\":512,"
		    "\"cpu_period\":100000,\"memory_limit\":1048576,\"User\":\"1000\","
		    "\"env\":[\"A=b\"],\"labels\":{\"app\":\"web\"},"
		    "\"port_mappings\":[{\"HostIp\":2130706433,\"HostPort\":8080,"
		    "\"ContainerPort\":80}],"
		    "\"Mounts\":[{\"Source\":\"/etc\",\"Destination\":\"/e\",\"Mode\":\"ro\","
		    "\"RW\":false,\"Propagation\":\"rprivate\"}]}");
	json_decref(got);
	/* Now it is known to answer. */
	assert_int_equal(saker_containers_ask(c, POD64, 64, ENRICH_CONTAINER_DOCKER), 1);
	json_decref(wait_answer(c, POD64));
	/* What it does not have; and what is not its own to know. */
	assert_null(ask(c, "ffffffffffff", ENRICH_CONTAINER_DOCKER));
	assert_null(ask(c, "../../images/json", ENRICH_CONTAINER_DOCKER));
	assert_int_equal(saker_containers_ask(c, HEX64, 64, ENRICH_CONTAINER_PODMAN), -ENOENT);
	saker_containers_free(c);
	fake_stop(&http);
}

static void test_podman_recorded(void **state)
{
	static const struct fake_answer answers[] = {
		{"/_ping", "OK"},
		{"/v4.0.0/libpod/containers/" HEX64 "/json",
		 "{\"Id\":\"" HEX64
		 "\",\"Name\":\"db\",\"Created\":\"2024-05-01T12:20:30.5+02:00\","
		 "\"ImageName\":\"docker.io/library/"
		 "postgres:16\",\"Image\":\"1234\",\"OCIRuntime\":\"crun\","
		 "\"ImageDigest\":\"sha256:77\",\"Config\":{\"Labels\":{\"a\":\"b\"}},"
		 "\"HostConfig\":{\"NetworkMode\":\"host\",\"IpcMode\":\"host\"}}"},
		{NULL, NULL},
	};
	struct fake_http http = {.answers = answers};
	struct saker_containers *c;
	json_t *got;

	(void)state;
	assert_int_equal(fake_start(&http, folder, "podman.sock"), 0);
	c = new_containers(SAKER_RUNTIME_PODMAN, http.socket, 2000);
	got = ask(c, HEX64, ENRICH_CONTAINER_PODMAN);
	expect_json(got, "{\"type\":11,\"name\":\"db\",\"image\":\"docker.io/library/postgres:16\","
			 "\"imagerepo\":\"docker.io/library/postgres\",\"imagetag\":\"16\","
			 "\"imagedigest\":\"sha256:77\",\"imageid\":\"1234\",\"runtime\":\"crun\","
			 "\"created_time\":1714558830,\"labels\":{\"a\":\"b\"},"
			 "\"host_network\":true,\"host_ipc\":true,\"host_pid\":false}");
	json_decref(got);
	saker_containers_free(c);
	fake_stop(&http);
}

/* ---- gRPC ------------------------------------------------------------------------------------ */

static void call_set(struct fake_call *call, const char *path, const ProtobufCMessage *message)
{
	size_t len = protobuf_c_message_get_packed_size(message);

	assert_true(len + 5 <= sizeof(call->body));
	call->path = path;
	call->status = "0";
	call->body[0] = 0;
	call->body[1] = 0;
	call->body[2] = 0;
	call->body[3] = (uint8_t)(len >> 8);
	call->body[4] = (uint8_t)len;
	protobuf_c_message_pack(message, call->body + 5);
	call->len = len + 5;
}

#define PAIR(k, v)                                                                        \
	{                                                                                 \
		PROTOBUF_C_MESSAGE_INIT(&cri__pair__descriptor), (char *)(k), (char *)(v) \
	}

static void set_container(struct fake_call *list_call, struct fake_call *status_call)
{
	Cri__ListContainersResponse list = CRI__LIST_CONTAINERS_RESPONSE__INIT;
	Cri__ContainerStatusResponse response = CRI__CONTAINER_STATUS_RESPONSE__INIT;
	Cri__ContainerStatus status = CRI__CONTAINER_STATUS__INIT;
	Cri__ContainerMetadata metadata = CRI__CONTAINER_METADATA__INIT;
	Cri__Container container = CRI__CONTAINER__INIT;
	Cri__ImageSpec image = CRI__IMAGE_SPEC__INIT;
	Cri__Mount mount = CRI__MOUNT__INIT;
	Cri__Pair label = PAIR("tier", "front");
	Cri__Pair info = PAIR("info", "{\"privileged\":true,\"runtimeSpec\":{\"annotations\":{"
				      "\"io.kubernetes.cri-o.ImageName\":\"quay.io/a/b:1.2\"}}}");
	Cri__Container *containers[] = {&container};
	Cri__Mount *mounts[] = {&mount};
	Cri__Pair *labels[] = {&label};
	Cri__Pair *infos[] = {&info};

	container.id = (char *)HEX64;
	container.pod_sandbox_id = (char *)POD64;
	list.n_containers = 1;
	list.containers = containers;
	call_set(list_call, "/runtime.v1.RuntimeService/ListContainers", &list.base);
	metadata.name = (char *)"nginx";
	image.image = (char *)"sha256:aaaa";
	mount.host_path = (char *)"/var/log";
	mount.container_path = (char *)"/logs";
	mount.readonly = true;
	mount.propagation = 1;
	status.id = (char *)HEX64;
	status.metadata = &metadata;
	status.image = &image;
	status.image_ref = (char *)"quay.io/a/b@sha256:bbbb";
	status.created_at = INT64_C(1714558830000000001);
	status.n_labels = 1;
	status.labels = labels;
	status.n_mounts = 1;
	status.mounts = mounts;
	response.status = &status;
	response.n_info = 1;
	response.info = infos;
	call_set(status_call, "/runtime.v1.RuntimeService/ContainerStatus", &response.base);
}

static void set_pod(struct fake_call *call)
{
	Cri__PodSandboxStatusResponse response = CRI__POD_SANDBOX_STATUS_RESPONSE__INIT;
	Cri__PodSandboxStatus status = CRI__POD_SANDBOX_STATUS__INIT;
	Cri__PodSandboxMetadata metadata = CRI__POD_SANDBOX_METADATA__INIT;
	Cri__PodSandboxNetworkStatus network = CRI__POD_SANDBOX_NETWORK_STATUS__INIT;
	Cri__LinuxPodSandboxStatus of_linux = CRI__LINUX_POD_SANDBOX_STATUS__INIT;
	Cri__NamespaceOption options = CRI__NAMESPACE_OPTION__INIT;
	Cri__Namespace namespaces = CRI__NAMESPACE__INIT;
	Cri__Pair label = PAIR("app", "shop");
	Cri__Pair info = PAIR("info", "{\"runtimeSpec\":{\"annotations\":{"
				      "\"io.kubernetes.cri-o.CNIResult\":\"{\\\"ips\\\":[]}\"}}}");
	Cri__Pair *labels[] = {&label};
	Cri__Pair *infos[] = {&info};

	metadata.name = (char *)"shop-0";
	metadata.uid = (char *)"u-1";
	metadata.ns = (char *)"prod";
	network.ip = (char *)"10.1.2.3";
	status.runtime_handler = (char *)"kata";
	options.pid = 2;
	namespaces.options = &options;
	of_linux.namespaces = &namespaces;
	status.id = (char *)POD64;
	status.metadata = &metadata;
	status.network = &network;
	status.of_linux = &of_linux;
	status.n_labels = 1;
	status.labels = labels;
	response.status = &status;
	response.n_info = 1;
	response.info = infos;
	call_set(call, "/runtime.v1.RuntimeService/PodSandboxStatus", &response.base);
}

static void test_crio_recorded(void **state)
{
	static struct fake_call calls[6];
	struct fake_grpc grpc = {.calls = calls};
	Cri__VersionResponse version = CRI__VERSION_RESPONSE__INIT;
	struct saker_containers *c;
	json_t *got;

	(void)state;
	version.runtime_name = (char *)"cri-o";
	call_set(&calls[0], "/runtime.v1.RuntimeService/Version", &version.base);
	set_container(&calls[1], &calls[2]);
	set_pod(&calls[3]);
	assert_int_equal(fg_start(&grpc, folder, "crio.sock"), 0);
	c = new_containers(SAKER_RUNTIME_CRI, grpc.socket, 2000);
	got = ask(c, HEX64, ENRICH_CONTAINER_CRIO);
	expect_json(
		got,
		"{\"type\":8,\"id\":\"0123456789ab\",\"name\":\"nginx\","
		"\"image\":\"quay.io/a/b:1.2\",\"imagerepo\":\"quay.io/a/b\",\"imagetag\":\"1.2\","
		"\"imagedigest\":\"sha256:bbbb\",\"privileged\":true,\"host_pid\":true,"
		"\"host_network\":false,\"runtime\":\"kata\",\"ip\":\"10.1.2.3\",\"cni_json\":\"{"
		"\\\"ips\\\":[]}\","
		"\"pod_sandbox_id\":\"" POD64 "\",\"pod_sandbox_labels\":{\"app\":\"shop\"},"
		"\"created_time\":1714558830,\"labels\":{\"tier\":\"front\","
		"\"io.kubernetes.sandbox.id\":\"" POD64 "\",\"io.kubernetes.pod.name\":\"shop-0\","
		"\"io.kubernetes.pod.uid\":\"u-1\",\"io.kubernetes.pod.namespace\":\"prod\"},"
		"\"Mounts\":[{\"Source\":\"/var/log\",\"Destination\":\"/logs\",\"Mode\":\"\","
		"\"RW\":false,\"Propagation\":\"rslave\"}]}");
	json_decref(got);
	saker_containers_free(c);
	/* A pod's own container is on no list of containers. */
	calls[1].body[3] = calls[1].body[4] = 0;
	calls[1].len = 5;
	c = new_containers(SAKER_RUNTIME_CRI, grpc.socket, 2000);
	got = ask(c, POD64, ENRICH_CONTAINER_CRIO);
	expect_json(got, "{\"type\":8,\"id\":\"fedcba987654\",\"name\":\"shop-0\","
			 "\"is_pod_sandbox\":true,\"ip\":\"10.1.2.3\"}");
	json_decref(got);
	/* Not found is an answer; any other status is none. */
	calls[3].status = "5";
	assert_null(ask(c, POD64, ENRICH_CONTAINER_CRIO));
	calls[1].status = "13";
	assert_null(ask(c, POD64, ENRICH_CONTAINER_CRIO));
	saker_containers_free(c);
	fg_stop(&grpc);
}

/* ---- misbehaviour -----------------------------------------------------------------------------
 */

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Whoever asks never waits; nobody knows the container in the end. */
static void test_hanging(void **state)
{
	struct saker_containers_stats stats = {.size = sizeof(stats)};
	struct fake_http http = {.raw = ""};

	(void)state;
	assert_int_equal(fake_start(&http, folder, "hang.sock"), 0);
	for (int runtime = 0; runtime < SAKER_RUNTIMES; runtime++) {
		struct saker_containers *c = new_containers(runtime, http.socket, 200);
		uint64_t began = now_ms();

		for (int i = 0; i < 100; i++) {
			char id[16];

			snprintf(id, sizeof(id), "c%d", i);
			assert_int_equal(saker_containers_ask(c, id, strlen(id), -1), 0);
		}
		assert_true(now_ms() - began < 100);
		assert_null(wait_answer(c, "c0"));
		assert_int_equal(saker_containers_get_stats(c, &stats), 0);
		assert_int_equal(stats.n_asked, 100);
		assert_true(stats.n_failed >= 1);
		assert_int_equal(stats.n_told, 0);
		began = now_ms();
		saker_containers_free(c);
		assert_true(now_ms() - began < 1500);
	}
	fake_stop(&http);
}

/* Whatever is said or not, nobody knows the container, soon. */
static void expect_nobody(struct fake_http *http, const char *what)
{
	uint64_t began = now_ms();

	assert_int_equal(fake_start(http, folder, "nonsense.sock"), 0);
	for (int runtime = 0; runtime < SAKER_RUNTIMES; runtime++) {
		struct saker_containers *c = new_containers(runtime, http->socket, 30);

		assert_null(ask(c, HEX64, -1));
		saker_containers_free(c);
	}
	fake_stop(http);
	if (now_ms() - began > 5000)
		fail_msg("%s takes %llu ms", what, (unsigned long long)(now_ms() - began));
}

#define OK "HTTP/1.1 200 OK\r\n"

static void test_nonsense(void **state)
{
	static struct fake_http cases[] = {
		{.raw = OK "Content-Length: 9\r\n\r\nno JSON{{"},
		{.raw = OK "Content-Length: 2\r\n\r\n[]"},
		{.raw = OK "Content-Length: 2\r\n\r\n{}"},
		{.raw = OK "Content-Length: 10\r\n\r\n{\"Id\":7}  "},
		{.raw = OK "Content-Type: image/png\r\nContent-Length: 4\r\n\r\n\x89PNG"},
		{.raw = OK "Content-Length: 1000000\r\n\r\n{"},
		{.raw = OK "Content-Length: -1\r\n\r\n{}"},
		{.raw = OK "Content-Le"},
		{.raw = OK "Content-Le", .stays = true},
		{.raw = OK "Content-Length: 5\r\n\r\n{", .stays = true},
		{.raw = OK "X: ", .fill = "aaaaaaaaaaaaaaaa"},
		{.raw = OK "\r\n", .fill = "                "},
		{.raw = OK "\r\n", .fill = "[[[[[[[[[[[[[[[["},
		{.raw = OK "\r\n{\"Id\":\"", .fill = "aaaaaaaaaaaaaaaa"},
		{.raw = OK "Transfer-Encoding: chunked\r\n\r\n", .fill = "5\r\naaaaa\r\n"},
		{.raw = "", .fill = "HTTP/1.1 100 Continue\r\n\r\n"},
		{.raw = "HTTP/1.1 302 Found\r\nLocation: http://localhost/x\r\n"
			"Content-Length: 0\r\n\r\n"},
		{.raw = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"},
		{.raw = "\x16\x03\x01garbage"},
		{.raw = "\n", .at_once = true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		expect_nobody(&cases[i], cases[i].raw);
}

#define SETTINGS "\0\0\0\x04\0\0\0\0\0"
#define H2(text) .raw = text, .raw_len = sizeof(text) - 1
#define AGAIN(text) .fill = text, .fill_len = sizeof(text) - 1

/* Frames that are none, that never end, or that nobody asked for. */
static void test_nonsense_http2(void **state)
{
	static uint8_t unknown[9 * 20000]; /* frames of a kind that is to be passed over */
	static struct fake_http cases[] = {
		{H2(SETTINGS), .stays = true},
		{H2("\xff\xff\xff\0\0\0\0\0\x01"), .stays = true}, /* of 16 MB */
		{H2(SETTINGS "\0\0\x04\x01\x05\0\0\0\x01\xff\xff\xff\xff"), .stays = true},
		{H2(SETTINGS "\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0"), .stays = true},
		{H2(SETTINGS "\0\0\x04\x03\0\0\0\0\x01\0\0\0\x02"), .stays = true},
		{H2(SETTINGS), .fill = (const char *)unknown, .fill_len = sizeof(unknown)},
		{H2(SETTINGS), AGAIN("\0\0\x08\x06\0\0\0\0\0pingping")},
		{H2(SETTINGS), AGAIN(SETTINGS)},
		{H2(SETTINGS), AGAIN("\0\0\x05\0\0\0\0\0\x01hello")},
		{H2(SETTINGS "\0\0\x01\x01\x04\0\0\0\x01\x88"),
		 AGAIN("\0\0\x05\0\0\0\0\0\x01hello")},
		{H2(SETTINGS "\0\0\x01\x01\x04\0\0\0\x01\x88"), .stays = true},
	};
	char what[32];

	(void)state;
	for (size_t i = 3; i < sizeof(unknown); i += 9)
		unknown[i] = 0x7f;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(what, sizeof(what), "case %zu", i);
		expect_nobody(&cases[i], what);
	}
}

/* Proper frames around what is no message of gRPC, or none of CRI. */
static void test_nonsense_grpc(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *status;
	} cases[] = {
		{"", 0, "0"},
		{"\0\0", 2, "0"},
		{"\x01\0\0\0\0", 5, "0"},		  /* compressed */
		{"\0\xff\xff\xff\xff", 5, "0"},		  /* of 4 GB */
		{"\0\0\0\0\x04\xff\xff\xff\xff", 9, "0"}, /* no protobuf */
		{"\0\0\0\0\0", 5, ""},
		{"\0\0\0\0\0", 5, "zero"},
		{"\0\0\0\0\0", 5, "999999999999"},
	};
	static struct fake_call calls[5];
	struct fake_grpc grpc = {.calls = calls};
	static const char *const paths[] = {"/runtime.v1.RuntimeService/Version",
					    "/runtime.v1.RuntimeService/ListContainers",
					    "/runtime.v1.RuntimeService/ContainerStatus",
					    "/runtime.v1.RuntimeService/PodSandboxStatus"};

	(void)state;
	assert_int_equal(fg_start(&grpc, folder, "crio.sock"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct saker_containers *c;
		json_t *got;

		for (size_t j = 0; j < ARRAY_SIZE(paths); j++) {
			calls[j].path = paths[j];
			calls[j].status = cases[i].status;
			calls[j].len = cases[i].len;
			memcpy(calls[j].body, cases[i].bytes, cases[i].len);
		}
		c = new_containers(SAKER_RUNTIME_CRI, grpc.socket, 1000);
		got = ask(c, HEX64, ENRICH_CONTAINER_CRIO);
		if (got)
			fail_msg("case %zu is taken for %s", i, json_dumps(got, 0));
		saker_containers_free(c);
	}
	fg_stop(&grpc);
}

static void test_absent(void **state)
{
	struct saker_containers *c = new_containers(SAKER_RUNTIME_DOCKER, "/nonexistent/s", 200);
	struct fake_http http = {.raw = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"};
	struct saker_container_answer answer;
	char path[128];

	(void)state;
	assert_int_equal(saker_containers_any(c), 0);
	assert_int_equal(saker_containers_ask(c, HEX64, 64, 0), -ENOENT);
	assert_int_equal(saker_containers_next(c, 0, &answer), 0);
	saker_containers_free(c);
	/* A file is no socket; a runtime that comes later is found. */
	snprintf(path, sizeof(path), "%s/late.sock", folder);
	c = new_containers(SAKER_RUNTIME_DOCKER, path, 500);
	fclose(fopen(path, "w"));
	assert_int_equal(saker_containers_ask(c, HEX64, 64, 0), -ENOENT);
	unlink(path);
	assert_int_equal(fake_start(&http, folder, "late.sock"), 0);
	assert_null(ask(c, HEX64, 0));
	saker_containers_free(c);
	fake_stop(&http);
}

/* One runtime's silence is nothing to the others; the first in rank counts where two answer. */
static void test_several(void **state)
{
	static const struct fake_answer answers[] = {
		{"/_ping", "OK"},
		{"/containers/" HEX64 "/json", docker_inspect},
		{"/v4.0.0/libpod/containers/" HEX64 "/json",
		 "{\"Id\":\"" HEX64 "\",\"Name\":\"pod\"}"},
		{NULL, NULL},
	};
	struct saker_containers_options options = SAKER_CONTAINERS_OPTIONS_INIT;
	struct fake_http hang = {.raw = ""}, http = {.answers = answers};
	const char *docker[] = {http.socket, NULL};
	const char *podman[] = {http.socket, NULL};
	const char *ctrd[] = {hang.socket, NULL};
	struct saker_containers *c;
	json_t *got;

	(void)state;
	assert_int_equal(fake_start(&hang, folder, "hang.sock"), 0);
	assert_int_equal(fake_start(&http, folder, "good.sock"), 0);
	options.sockets[SAKER_RUNTIME_DOCKER] = docker;
	options.sockets[SAKER_RUNTIME_PODMAN] = podman;
	options.sockets[SAKER_RUNTIME_CRI] = nobody;
	options.sockets[SAKER_RUNTIME_CONTAINERD] = ctrd;
	options.timeout_ms = 1000;
	assert_int_equal(saker_containers_new(&options, &c), 0);
	got = ask(c, HEX64, -1);
	expect_json(got, "{\"type\":0,\"name\":\"web\"}");
	json_decref(got);
	saker_containers_free(c);
	fake_stop(&http);
	fake_stop(&hang);
}

static void test_arguments(void **state)
{
	struct saker_containers *c = new_containers(SAKER_RUNTIME_DOCKER, "/nonexistent/s", 0);
	struct saker_containers_options options = {.size = 1};
	struct saker_container_answer answer;
	char longest[300];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	assert_int_equal(saker_containers_new(&options, &c), -EINVAL);
	assert_int_equal(saker_containers_new(NULL, NULL), -EINVAL);
	assert_int_equal(saker_containers_ask(NULL, "a", 1, 0), -EINVAL);
	assert_int_equal(saker_containers_ask(c, "a", 0, 0), -EINVAL);
	assert_int_equal(saker_containers_ask(c, longest, sizeof(longest), 0), -EINVAL);
	assert_int_equal(saker_containers_next(NULL, 0, &answer), -EINVAL);
	assert_null(saker_runtime_name(SAKER_RUNTIMES));
	assert_string_equal(saker_runtime_name(SAKER_RUNTIME_CRI), "cri");
	assert_null(saker_containers_free(NULL));
	saker_containers_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_docker_recorded), cmocka_unit_test(test_podman_recorded),
		cmocka_unit_test(test_crio_recorded),	cmocka_unit_test(test_hanging),
		cmocka_unit_test(test_nonsense),	cmocka_unit_test(test_nonsense_http2),
		cmocka_unit_test(test_nonsense_grpc),	cmocka_unit_test(test_absent),
		cmocka_unit_test(test_several),		cmocka_unit_test(test_arguments),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
