// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dma.h"
#include "log.h"
#include "peer.h"
#include "protocol.h"
#include "server.h"

#define PAYLOAD_MAX (VFIO_USER_DATA_MAX + sizeof(struct vfio_user_region_access))
#define MESSAGES_A_TURN 64

struct message {
	struct vfio_user_header header;
	uint8_t *payload;	/* exactly as long as the header says */
	size_t received;	/* bytes, of header and payload */
	int fds[VFIO_USER_FDS_MAX];
	size_t fd_count;
	bool too_many_fds;
};

struct vfio_user {
	struct vfio_user_device device;
	void *opaque;
	int fd;
	bool negotiated;	/* the version handshake is done */
	bool sharing_checked;	/* of the client's memory */
	uint32_t data_max;	/* largest region access that was agreed on */
	struct message in;
	/* A reply; what is left of it while the client does not read. No request is taken before it has gone. */
	uint8_t *out;
	size_t out_len, out_sent;
	struct dma *dma;
	int *vector_fds;	/* an eventfd for each MSI-X vector, or -1 */
};

/* What a command's handler answers. */
struct reply {
	void *payload;		/* on the heap, or NULL */
	size_t len;
};

static uint32_t vector_count(const struct vfio_user *vu)
{
	return vu->device.irq_count[VFIO_PCI_MSIX_IRQ_INDEX];
}

static void set_vector(struct vfio_user *vu, uint32_t vector, int fd)
{
	if (vu->vector_fds[vector] >= 0)
		close(vu->vector_fds[vector]);
	vu->vector_fds[vector] = fd;
}

struct vfio_user *vfio_user_new(const struct vfio_user_device *device, void *opaque)
{
	struct vfio_user *vu = calloc(1, sizeof(*vu));

	if (!vu)
		return NULL;
	vu->device = *device;
	vu->opaque = opaque;
	vu->fd = -1;
	vu->dma = dma_new();
	vu->vector_fds = malloc(sizeof(int) * (vector_count(vu) + 1));
	if (!vu->dma || !vu->vector_fds) {
		dma_free(vu->dma);
		free(vu->vector_fds);
		free(vu);
		return NULL;
	}
	for (uint32_t i = 0; i < vector_count(vu); i++)
		vu->vector_fds[i] = -1;
	return vu;
}

void vfio_user_free(struct vfio_user *vu)
{
	if (!vu)
		return;
	vfio_user_disconnect(vu);
	dma_free(vu->dma);
	free(vu->vector_fds);
	free(vu);
}

int vfio_user_connect(struct vfio_user *vu, int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK)) {
		int error = errno;

		close(fd);
		return -error;
	}
	vu->fd = fd;
	vu->negotiated = false;
	vu->sharing_checked = false;
	vu->data_max = VFIO_USER_DATA_MAX;
	return 0;
}

/* Frees what is left of the message and makes room for the next one. */
static void drop_message(struct message *m)
{
	for (size_t i = 0; i < m->fd_count; i++)
		if (m->fds[i] >= 0)
			close(m->fds[i]);
	free(m->payload);
	*m = (struct message){ 0 };
}

static void drop_reply(struct vfio_user *vu)
{
	free(vu->out);
	vu->out = NULL;
}

void vfio_user_disconnect(struct vfio_user *vu)
{
	if (vu->fd < 0)
		return;
	close(vu->fd);
	vu->fd = -1;
	drop_message(&vu->in);
	drop_reply(vu);
	dma_remove_all(vu->dma);
	for (uint32_t i = 0; i < vector_count(vu); i++)
		set_vector(vu, i, -1);
}

int vfio_user_fd(const struct vfio_user *vu)
{
	return vu->fd;
}

short vfio_user_poll_events(const struct vfio_user *vu)
{
	return vu->out ? POLLOUT : POLLIN;
}

/* Sends what is left of the reply. Returns 0, also if the client does not read, or -errno. */
static int flush(struct vfio_user *vu)
{
	ssize_t n = send(vu->fd, vu->out + vu->out_sent, vu->out_len - vu->out_sent, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	vu->out_sent += (size_t)n;
	if (vu->out_sent == vu->out_len)
		drop_reply(vu);
	return 0;
}

/* Replies to `request`, with an errno or with a payload. Returns 0 or -errno. */
static int send_reply(struct vfio_user *vu, const struct vfio_user_header *request, int error,
		      const struct reply *reply)
{
	size_t len = error ? 0 : reply->len;
	struct vfio_user_header header = {
		.id = request->id,
		.command = request->command,
		.size = (uint32_t)(sizeof(header) + len),
		.flags = VFIO_USER_TYPE_REPLY | (error ? VFIO_USER_ERROR : 0),
		.error = (uint32_t)error,
	};

	if (request->flags & VFIO_USER_NO_REPLY)
		return 0;
	vu->out = malloc(header.size);
	if (!vu->out)
		return -ENOMEM;
	memcpy(vu->out, &header, sizeof(header));
	if (len)
		memcpy(vu->out + sizeof(header), reply->payload, len);
	vu->out_len = header.size;
	vu->out_sent = 0;
	return flush(vu);
}

/* A zeroed reply of `len` bytes, or NULL. */
static void *new_reply(struct reply *reply, size_t len)
{
	reply->payload = calloc(1, len);
	reply->len = reply->payload ? len : 0;
	return reply->payload;
}

/* A non-negative number in a JSON object, or `absent`. Returns -EINVAL if it is there and is something else. */
static int64_t get_number(struct json_object *object, const char *name, int64_t absent)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, name, &value))
		return absent;
	if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
		return -EINVAL;
	return json_object_get_int64(value);
}

/* Answers the client's capabilities with the part of them that we have. Returns 0 or -errno. */
static int negotiate(struct vfio_user *vu, struct json_object *offer, struct json_object *answer)
{
	int64_t fds = get_number(offer, "max_msg_fds", 0);
	int64_t data = get_number(offer, "max_data_xfer_size", VFIO_USER_DATA_MAX);
	int64_t pages = get_number(offer, "pgsizes", DMA_PAGE_SIZE);
	int64_t maps = get_number(offer, "max_dma_maps", DMA_RANGES_MAX);
	struct json_object *multiple;

	if (fds < 0 || data <= 0 || pages < 0 || maps < 0 || !(pages & DMA_PAGE_SIZE))
		return -EINVAL;
	if (data < VFIO_USER_DATA_MAX)
		vu->data_max = (uint32_t)data;
	if (fds)
		json_object_object_add(answer, "max_msg_fds",
				       json_object_new_int64(fds < VFIO_USER_FDS_MAX ? fds : VFIO_USER_FDS_MAX));
	json_object_object_add(answer, "max_data_xfer_size", json_object_new_int64(vu->data_max));
	json_object_object_add(answer, "pgsizes", json_object_new_int64(DMA_PAGE_SIZE));
	json_object_object_add(answer, "max_dma_maps",
			       json_object_new_int64(maps < DMA_RANGES_MAX ? maps : DMA_RANGES_MAX));
	if (json_object_object_get_ex(offer, "write_multiple", &multiple) && json_object_get_boolean(multiple))
		json_object_object_add(answer, "write_multiple", json_object_new_boolean(true));
	return 0;
}

static int do_version(struct vfio_user *vu, struct message *m, size_t len, struct reply *reply)
{
	const char *text = (const char *)m->payload + sizeof(struct vfio_user_version);
	size_t text_len = len - sizeof(struct vfio_user_version);
	struct json_object *data = NULL, *offer = NULL, *answer, *capabilities;
	struct vfio_user_version version;
	const char *out;
	int rc = -EINVAL;

	memcpy(&version, m->payload, sizeof(version));
	if (vu->negotiated || version.major)
		return -EINVAL;
	if (text_len) {
		if (text[text_len - 1])
			return -EINVAL;
		data = json_tokener_parse(text);
		if (!json_object_is_type(data, json_type_object))
			goto out_data;
		if (json_object_object_get_ex(data, "capabilities", &offer) &&
		    !json_object_is_type(offer, json_type_object))
			goto out_data;
	}
	answer = json_object_new_object();
	capabilities = json_object_new_object();
	json_object_object_add(answer, "capabilities", capabilities);
	rc = negotiate(vu, offer, capabilities);
	if (rc)
		goto out_answer;
	out = json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PLAIN);
	rc = -ENOMEM;
	if (!new_reply(reply, sizeof(version) + strlen(out) + 1))
		goto out_answer;
	/* Version 0.0: major and minor are zero. */
	strcpy((char *)reply->payload + sizeof(version), out);
	vu->negotiated = true;
	log_debug("client offers %s, agreed on %s", text_len ? text : "nothing", out);
	rc = 0;
out_answer:
	json_object_put(answer);
out_data:
	json_object_put(data);
	return rc;
}

static int do_dma_map(struct vfio_user *vu, struct message *m, size_t len, struct reply *reply)
{
	struct vfio_user_dma_map map;
	int rc;

	(void)len, (void)reply;
	memcpy(&map, m->payload, sizeof(map));
	if (map.argsz < sizeof(map))
		return -EINVAL;
	rc = dma_add(vu->dma, map.address, map.size, map.flags, m->fd_count ? m->fds[0] : -1, map.offset);
	log_debug("map %#llx + %#llx, flags %#x, %s: %s", (unsigned long long)map.address,
		  (unsigned long long)map.size, map.flags, m->fd_count ? "with file" : "no file", strerror(-rc));
	/* Nothing else would tell why the guest does not see what the card writes. */
	if (!rc && m->fd_count && map.flags & VFIO_USER_DMA_WRITEABLE && !vu->sharing_checked) {
		vu->sharing_checked = true;
		if (peer_maps_privately(vu->fd, m->fds[0]))
			log_warn("the client's memory is private: what the card writes is lost; QEMU needs share=on");
	}
	return rc;
}

static int do_dma_unmap(struct vfio_user *vu, struct message *m, size_t len, struct reply *reply)
{
	struct vfio_user_dma_unmap unmap;
	int rc = 0;

	(void)len;
	memcpy(&unmap, m->payload, sizeof(unmap));
	if (unmap.argsz < sizeof(unmap) || unmap.flags & ~VFIO_DMA_UNMAP_FLAG_ALL)
		return -EINVAL;
	if (!new_reply(reply, sizeof(unmap)))
		return -ENOMEM;
	if (!(unmap.flags & VFIO_DMA_UNMAP_FLAG_ALL))
		rc = dma_remove(vu->dma, unmap.address, unmap.size);
	else if (unmap.address || unmap.size)
		rc = -EINVAL;
	else
		dma_remove_all(vu->dma);
	memcpy(reply->payload, &unmap, sizeof(unmap));
	log_debug("unmap %#llx + %#llx, flags %#x: %s", (unsigned long long)unmap.address,
		  (unsigned long long)unmap.size, unmap.flags, strerror(-rc));
	return rc;
}

static int do_get_info(struct vfio_user *vu, struct message *m, size_t len, struct reply *reply)
{
	/* Not struct vfio_device_info: the kernel's has grown since. */
	const uint32_t info[4] = { sizeof(info), VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI,
				   VFIO_PCI_NUM_REGIONS, VFIO_PCI_NUM_IRQS };
	uint32_t argsz;

	(void)vu, (void)len;
	memcpy(&argsz, m->payload, sizeof(argsz));
	if (argsz < sizeof(info))
		return -EINVAL;
	if (!new_reply(reply, sizeof(info)))
		return -ENOMEM;
	memcpy(reply->payload, info, sizeof(info));
	return 0;
}

static int do_region_info(struct vfio_user *vu, struct message *m, size_t len, struct reply *reply)
{
	struct vfio_region_info request, *info;

	(void)len;
	memcpy(&request, m->payload, sizeof(request));
	if (request.argsz < sizeof(request) || request.index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	info = new_reply(reply, sizeof(*info));
	if (!info)
		return -ENOMEM;
	info->argsz = sizeof(*info);
	info->index = request.index;
	info->size = vu->device.region_size[request.index];
	/* Never VFIO_REGION_INFO_FLAG_MMAP: QEMU then stops posting writes, to the whole device. */
	if (info->size)
		info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	return 0;
}

static int do_irq_info(struct vfio_user *vu, struct message *m, size_t len, struct reply *reply)
{
	struct vfio_irq_info request, *info;

	(void)len;
	memcpy(&request, m->payload, sizeof(request));
	if (request.argsz < sizeof(request) || request.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	info = new_reply(reply, sizeof(*info));
	if (!info)
		return -ENOMEM;
	info->argsz = sizeof(*info);
	info->index = request.index;
	info->count = vu->device.irq_count[request.index];
	if (info->count)
		info->flags = VFIO_IRQ_INFO_EVENTFD;
	return 0;
}

/* Gives the vectors from `start` on the message's descriptors; without any, the vectors lose theirs. */
static int assign_vectors(struct vfio_user *vu, struct message *m, uint32_t start, uint32_t count)
{
	if (!count || (m->fd_count && m->fd_count != count))
		return -EINVAL;
	for (uint32_t i = 0; i < m->fd_count; i++) {
		int flags = fcntl(m->fds[i], F_GETFL);

		/* An interrupt must not block, whatever it is that the client has sent. */
		if (flags < 0 || (!(flags & O_NONBLOCK) && fcntl(m->fds[i], F_SETFL, flags | O_NONBLOCK)))
			return -errno;
	}
	for (uint32_t i = 0; i < count; i++) {
		set_vector(vu, start + i, m->fd_count ? m->fds[i] : -1);
		if (!m->fd_count)
			continue;
		m->fds[i] = -1;
		vu->device.vector_ready(vu->opaque, start + i);
	}
	return 0;
}

static int do_set_irqs(struct vfio_user *vu, struct message *m, size_t len, struct reply *reply)
{
	struct vfio_irq_set set;
	uint32_t data, action;
	const uint8_t *bools = m->payload + sizeof(set);

	(void)reply;
	memcpy(&set, m->payload, sizeof(set));
	data = set.flags & VFIO_IRQ_SET_DATA_TYPE_MASK;
	action = set.flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;
	if (set.argsz < sizeof(set) || set.flags != (data | action) || set.index >= VFIO_PCI_NUM_IRQS ||
	    set.start > vu->device.irq_count[set.index] ||
	    set.count > vu->device.irq_count[set.index] - set.start ||
	    len != sizeof(set) + (data == VFIO_IRQ_SET_DATA_BOOL ? set.count : 0) ||
	    (m->fd_count && data != VFIO_IRQ_SET_DATA_EVENTFD))
		return -EINVAL;
	/* MSI-X has its masks in its table. */
	if (action == VFIO_IRQ_SET_ACTION_MASK || action == VFIO_IRQ_SET_ACTION_UNMASK)
		return -ENOTSUP;
	if (action != VFIO_IRQ_SET_ACTION_TRIGGER)
		return -EINVAL;
	log_debug("set irqs: index %u, %u from %u, flags %#x, %zu fds", set.index, set.count, set.start, set.flags,
		  m->fd_count);
	switch (data) {
	case VFIO_IRQ_SET_DATA_EVENTFD:
		return assign_vectors(vu, m, set.start, set.count);
	case VFIO_IRQ_SET_DATA_BOOL:
		for (uint32_t i = 0; i < set.count; i++)
			if (bools[i])
				vfio_user_msix(vu, set.start + i);
		return 0;
	case VFIO_IRQ_SET_DATA_NONE:
		for (uint32_t i = 0; i < set.count; i++)
			vfio_user_msix(vu, set.start + i);
		if (!set.start && !set.count && set.index == VFIO_PCI_MSIX_IRQ_INDEX)
			for (uint32_t i = 0; i < vector_count(vu); i++)
				set_vector(vu, i, -1);
		return 0;
	default:
		return -EINVAL;
	}
}

/* Does the access lie within its region, and is it not larger than agreed on? */
static bool access_fits(const struct vfio_user *vu, const struct vfio_user_region_access *a)
{
	uint64_t size = a->region < VFIO_PCI_NUM_REGIONS ? vu->device.region_size[a->region] : 0;

	return a->count && a->count <= vu->data_max && a->offset < size && a->count <= size - a->offset;
}

static int do_region_read(struct vfio_user *vu, struct message *m, size_t len, struct reply *reply)
{
	struct vfio_user_region_access access;
	uint8_t *payload;

	(void)len;
	memcpy(&access, m->payload, sizeof(access));
	if (!access_fits(vu, &access))
		return -EINVAL;
	payload = new_reply(reply, sizeof(access) + access.count);
	if (!payload)
		return -ENOMEM;
	memcpy(payload, &access, sizeof(access));
	return vu->device.region_read(vu->opaque, access.region, access.offset, payload + sizeof(access),
				      access.count);
}

static int do_region_write(struct vfio_user *vu, struct message *m, size_t len, struct reply *reply)
{
	struct vfio_user_region_access access;

	memcpy(&access, m->payload, sizeof(access));
	if (len != sizeof(access) + (size_t)access.count || !access_fits(vu, &access))
		return -EINVAL;
	if (!new_reply(reply, sizeof(access)))
		return -ENOMEM;
	memcpy(reply->payload, &access, sizeof(access));
	return vu->device.region_write(vu->opaque, access.region, access.offset, m->payload + sizeof(access),
				       access.count);
}

static int do_write_multi(struct vfio_user *vu, struct message *m, size_t len, struct reply *reply)
{
	struct vfio_user_write_multi multi;
	const uint8_t *writes = m->payload + sizeof(multi);
	struct vfio_user_write write;

	memcpy(&multi, m->payload, sizeof(multi));
	if (multi.count > PAYLOAD_MAX / sizeof(write) || len != sizeof(multi) + multi.count * sizeof(write))
		return -EINVAL;
	for (uint64_t i = 0; i < multi.count; i++) {
		memcpy(&write, writes + i * sizeof(write), sizeof(write));
		if (write.access.count > sizeof(write.data) || !access_fits(vu, &write.access))
			return -EINVAL;
	}
	if (!new_reply(reply, sizeof(multi)))
		return -ENOMEM;
	memcpy(reply->payload, &multi, sizeof(multi));
	for (uint64_t i = 0; i < multi.count; i++) {
		int rc;

		memcpy(&write, writes + i * sizeof(write), sizeof(write));
		rc = vu->device.region_write(vu->opaque, write.access.region, write.access.offset, write.data,
					     write.access.count);
		if (rc)
			return rc;
	}
	return 0;
}

static int do_reset(struct vfio_user *vu, struct message *m, size_t len, struct reply *reply)
{
	(void)m, (void)len, (void)reply;
	vu->device.reset(vu->opaque);
	return 0;
}

/* A handler returns 0 and may fill *reply, or returns -errno, which the client gets. It owns fds that it sets to -1. */
static const struct command {
	const char *name;
	size_t len_min, len_max;	/* of the payload */
	size_t fds_max;
	int (*handle)(struct vfio_user *vu, struct message *m, size_t len, struct reply *reply);
} commands[] = {
	[VFIO_USER_VERSION] = { "VERSION", sizeof(struct vfio_user_version), 65536, 0, do_version },
	[VFIO_USER_DMA_MAP] = { "DMA_MAP", sizeof(struct vfio_user_dma_map), sizeof(struct vfio_user_dma_map), 1,
				do_dma_map },
	[VFIO_USER_DMA_UNMAP] = { "DMA_UNMAP", sizeof(struct vfio_user_dma_unmap), sizeof(struct vfio_user_dma_unmap),
				  0, do_dma_unmap },
	[VFIO_USER_DEVICE_GET_INFO] = { "DEVICE_GET_INFO", 16, 16, 0, do_get_info },
	[VFIO_USER_DEVICE_GET_REGION_INFO] = { "DEVICE_GET_REGION_INFO", sizeof(struct vfio_region_info),
					       sizeof(struct vfio_region_info), 0, do_region_info },
	[VFIO_USER_DEVICE_GET_IRQ_INFO] = { "DEVICE_GET_IRQ_INFO", sizeof(struct vfio_irq_info),
					    sizeof(struct vfio_irq_info), 0, do_irq_info },
	[VFIO_USER_DEVICE_SET_IRQS] = { "DEVICE_SET_IRQS", sizeof(struct vfio_irq_set), PAYLOAD_MAX,
					VFIO_USER_FDS_MAX, do_set_irqs },
	[VFIO_USER_REGION_READ] = { "REGION_READ", sizeof(struct vfio_user_region_access),
				    sizeof(struct vfio_user_region_access), 0, do_region_read },
	[VFIO_USER_REGION_WRITE] = { "REGION_WRITE", sizeof(struct vfio_user_region_access), PAYLOAD_MAX, 0,
				     do_region_write },
	[VFIO_USER_DEVICE_RESET] = { "DEVICE_RESET", 0, 0, 0, do_reset },
	[VFIO_USER_REGION_WRITE_MULTI] = { "REGION_WRITE_MULTI", sizeof(struct vfio_user_write_multi), PAYLOAD_MAX, 0,
					   do_write_multi },
};

/* Handles one whole message and replies to it. Returns 0 or -errno, which ends the connection. */
static int dispatch(struct vfio_user *vu, struct message *m)
{
	const struct vfio_user_header *header = &m->header;
	size_t len = header->size - sizeof(*header);
	const struct command *command = NULL;
	struct reply reply = { 0 };
	int rc;

	if (header->command < sizeof(commands) / sizeof(commands[0]) && commands[header->command].handle)
		command = &commands[header->command];
	/* The handshake comes first; without it there is nothing to build on. */
	if (!vu->negotiated && header->command != VFIO_USER_VERSION)
		rc = -EPROTO;
	else if (!command)
		rc = -ENOTSUP;
	else if (len < command->len_min || len > command->len_max || m->too_many_fds ||
		 m->fd_count > command->fds_max)
		rc = -EINVAL;
	else
		rc = command->handle(vu, m, len, &reply);
	if (rc)
		log_warn("client: command %u (%s), %zu bytes, %zu fds: refused: %s", header->command,
			 command ? command->name : "unknown", len, m->fd_count, strerror(-rc));
	rc = send_reply(vu, header, -rc, &reply);
	free(reply.payload);
	return rc ? rc : vu->negotiated ? 0 : -EPROTO;
}

/* Receives once, at most up to the end of the message. Returns how many bytes, 0: none there, or -errno. */
static ssize_t receive(struct vfio_user *vu, void *data, size_t len)
{
	struct message *m = &vu->in;
	union {
		struct cmsghdr align;
		uint8_t space[CMSG_SPACE(sizeof(int) * VFIO_USER_FDS_MAX)];
	} control;
	struct iovec iov = { data, len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(vu->fd, &msg, MSG_CMSG_CLOEXEC);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (msg.msg_flags & MSG_CTRUNC)
		m->too_many_fds = true;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (m->fd_count < VFIO_USER_FDS_MAX) {
				m->fds[m->fd_count++] = fd;
			} else {
				close(fd);
				m->too_many_fds = true;
			}
		}
	}
	return n ? n : -ECONNRESET;
}

/* Is this the header of a command that can be received whole? Makes room for its payload. Returns 0 or -errno. */
static int begin_payload(struct message *m)
{
	const struct vfio_user_header *header = &m->header;

	/* We ask nothing, so nothing is to be replied to; and after a wrong size the next message cannot be found. */
	if ((header->flags & VFIO_USER_TYPE_MASK) != VFIO_USER_TYPE_COMMAND || header->size < sizeof(*header) ||
	    header->size > sizeof(*header) + PAYLOAD_MAX) {
		log_warn("client: command %u with flags %#x and size %u is not a message", header->command,
			 header->flags, header->size);
		return -EPROTO;
	}
	m->payload = malloc(header->size > sizeof(*header) ? header->size - sizeof(*header) : 1);
	return m->payload ? 0 : -ENOMEM;
}

/* Receives up to one message. Returns 1: it is whole, 0: not yet, or -errno. */
static int receive_message(struct vfio_user *vu)
{
	struct message *m = &vu->in;
	ssize_t n;
	int rc;

	for (;;) {
		if (m->received < sizeof(m->header))
			n = receive(vu, (uint8_t *)&m->header + m->received, sizeof(m->header) - m->received);
		else
			n = receive(vu, m->payload + (m->received - sizeof(m->header)), m->header.size - m->received);
		if (n <= 0)
			return (int)n;
		m->received += (size_t)n;
		if (m->received < sizeof(m->header))
			continue;
		if (!m->payload) {
			rc = begin_payload(m);
			if (rc)
				return rc;
		}
		if (m->received == m->header.size)
			return 1;
	}
}

int vfio_user_serve(struct vfio_user *vu)
{
	int rc = 0;

	for (int i = 0; i < MESSAGES_A_TURN; i++) {
		if (vu->out) {
			rc = flush(vu);
			if (rc || vu->out)
				break;
		}
		rc = receive_message(vu);
		if (rc <= 0)
			break;
		rc = dispatch(vu, &vu->in);
		drop_message(&vu->in);
		if (rc)
			break;
	}
	if (rc)
		vfio_user_disconnect(vu);
	return rc;
}

int vfio_user_dma_read(struct vfio_user *vu, uint64_t address, void *data, size_t len)
{
	return dma_read(vu->dma, address, data, len);
}

int vfio_user_dma_write(struct vfio_user *vu, uint64_t address, const void *data, size_t len)
{
	return dma_write(vu->dma, address, data, len);
}

int vfio_user_msix(struct vfio_user *vu, uint32_t vector)
{
	const uint64_t one = 1;

	if (vector >= vector_count(vu) || vu->vector_fds[vector] < 0)
		return -ENOENT;
	/* A full counter is an interrupt that is pending anyway. */
	if (write(vu->vector_fds[vector], &one, sizeof(one)) < 0 && errno != EAGAIN)
		log_warn("vector %u: eventfd: %s", vector, strerror(errno));
	return 0;
}
