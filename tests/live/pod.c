/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts and ends Kubernetes pods over CRI, as kubelet does, for tests of
 * containers:
 *
 *   pod SOCKET start IMAGE COMMAND...   prints the pod's id and the container's
 *   pod SOCKET stop POD
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grpc.h"
#include "pod.pb-c.h"

#define SERVICE "/runtime.v1.RuntimeService/"

static struct grpc *grpc;

static ProtobufCMessage *call(const char *method, const ProtobufCMessage *request,
			      const ProtobufCMessageDescriptor *type)
{
	uint8_t bytes[4096];
	const uint8_t *answer;
	char path[128];
	size_t len;
	int r;

	if (protobuf_c_message_get_packed_size(request) > sizeof(bytes))
		exit(2);
	snprintf(path, sizeof(path), SERVICE "%s", method);
	r = grpc_call(grpc, path, NULL, bytes, protobuf_c_message_pack(request, bytes), &answer,
		      &len);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", method, strerror(-r));
		exit(1);
	}
	return protobuf_c_message_unpack(type, NULL, len, answer);
}

static void start(char *image, int argc, char **argv)
{
	Pod__Pair pod_label = {PROTOBUF_C_MESSAGE_INIT(&pod__pair__descriptor), "team",
			       "falconers"};
	Pod__Pair label = {PROTOBUF_C_MESSAGE_INIT(&pod__pair__descriptor), "tier", "front"};
	Pod__Pair *pod_labels[] = {&pod_label}, *labels[] = {&label};
	Pod__CreateContainerRequest create = POD__CREATE_CONTAINER_REQUEST__INIT;
	Pod__ContainerMetadata container_metadata = POD__CONTAINER_METADATA__INIT;
	Pod__PodSecurityContext security = POD__POD_SECURITY_CONTEXT__INIT;
	Pod__NamespaceOption namespaces = POD__NAMESPACE_OPTION__INIT;
	Pod__ContainerConfig container = POD__CONTAINER_CONFIG__INIT;
	Pod__LinuxPodConfig of_linux = POD__LINUX_POD_CONFIG__INIT;
	Pod__RunPodRequest run = POD__RUN_POD_REQUEST__INIT;
	Pod__PodMetadata metadata = POD__POD_METADATA__INIT;
	Pod__ImageSpec spec = POD__IMAGE_SPEC__INIT;
	Pod__PodConfig config = POD__POD_CONFIG__INIT;
	Pod__Mount mount = POD__MOUNT__INIT;
	Pod__Mount *mounts[] = {&mount};
	Pod__ContainerId *id;
	Pod__PodId *pod;

	metadata.name = "nest-0";
	metadata.uid = "11111111-2222-3333-4444-555555555555";
	metadata.ns = "aviary";
	namespaces.network = 2; /* the host's: a network of its own takes a plugin */
	security.namespace_options = &namespaces;
	of_linux.cgroup_parent = "/saker-test-pod";
	of_linux.security_context = &security;
	config.metadata = &metadata;
	config.of_linux = &of_linux;
	config.n_labels = 1;
	config.labels = pod_labels;
	run.config = &config;
	pod = (Pod__PodId *)call("RunPodSandbox", &run.base, &pod__pod_id__descriptor);
	printf("%s\n", pod->pod_sandbox_id);
	fflush(stdout);
	container_metadata.name = "egg";
	spec.image = image;
	mount.container_path = "/host-etc";
	mount.host_path = "/etc";
	mount.readonly = 1;
	container.metadata = &container_metadata;
	container.image = &spec;
	container.n_command = (size_t)argc;
	container.command = argv;
	container.n_mounts = 1;
	container.mounts = mounts;
	container.n_labels = 1;
	container.labels = labels;
	create.pod_sandbox_id = pod->pod_sandbox_id;
	create.config = &container;
	create.sandbox_config = &config;
	id = (Pod__ContainerId *)call("CreateContainer", &create.base,
				      &pod__container_id__descriptor);
	printf("%s\n", id->container_id);
	protobuf_c_message_free_unpacked(call("StartContainer", &id->base, &pod__empty__descriptor),
					 NULL);
	protobuf_c_message_free_unpacked(&id->base, NULL);
	protobuf_c_message_free_unpacked(&pod->base, NULL);
}

static void stop(char *id)
{
	Pod__PodId pod = POD__POD_ID__INIT;

	pod.pod_sandbox_id = id;
	protobuf_c_message_free_unpacked(call("StopPodSandbox", &pod.base, &pod__empty__descriptor),
					 NULL);
	protobuf_c_message_free_unpacked(
		call("RemovePodSandbox", &pod.base, &pod__empty__descriptor), NULL);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	grpc = grpc_new(argv[1], 60000);
	if (!grpc)
		return 2;
	if (strcmp(argv[2], "start") == 0 && argc > 4)
		start(argv[3], argc - 4, argv + 4);
	else if (strcmp(argv[2], "stop") == 0)
		stop(argv[3]);
	else
		return 2;
	grpc_free(grpc);
	return 0;
}
