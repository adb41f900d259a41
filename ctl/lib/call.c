// SPDX-License-Identifier: Apache-2.0
/* The way to vqnicd: a UNIX stream socket with a JSON-RPC message on each line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "handle.h"

/* Bytes of the longest answer. */
#define ANSWER_MAX (64 << 20)

static int connect_to(struct vqnic *vq, const char *path)
{
	const struct timeval timeout = { .tv_sec = VQNIC_CALL_TIMEOUT_MS / 1000 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, ret;

	if (strlen(path) >= sizeof(address.sun_path))
		return handle_fail(vq, -ENAMETOOLONG, "the socket's path is too long: %s", path);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return handle_fail(vq, -errno, "cannot make a socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	ret = errno == ENOENT ? -ECONNREFUSED : -errno;
	close(fd);
	return handle_fail(vq, ret, "vqnicd does not answer at %s: %s", path, strerror(-ret));
}

static int send_all(struct vqnic *vq, int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return handle_fail(vq, errno == EAGAIN ? -ETIMEDOUT : -errno, "cannot ask vqnicd: %s", strerror(errno));
		bytes += sent;
		len -= (size_t)sent;
	}
	return 0;
}

/* Receives a line to new memory, without its newline. */
static int receive_line(struct vqnic *vq, int fd, char **line)
{
	size_t len = 0, room = 0;
	char *bytes = NULL;
	int ret = 0;

	while (!ret && (!len || bytes[len - 1] != '\n')) {
		ssize_t got;

		if (room - len < 4096) {
			char *more = room < ANSWER_MAX ? realloc(bytes, room ? 2 * room : 65536) : NULL;

			if (!more) {
				ret = handle_fail(vq, -EMSGSIZE, "no memory for vqnicd's answer");
				break;
			}
			bytes = more;
			room = room ? 2 * room : 65536;
		}
		got = recv(fd, bytes + len, room - len, 0);
		if (got > 0)
			len += (size_t)got;
		else if (!got)
			ret = handle_fail(vq, -ECONNRESET, "vqnicd has ended before it answered");
		else if (errno == EAGAIN)
			ret = handle_fail(vq, -ETIMEDOUT, "vqnicd did not answer within %d s", VQNIC_CALL_TIMEOUT_MS / 1000);
		else if (errno != EINTR)
			ret = handle_fail(vq, -errno, "cannot read vqnicd's answer: %s", strerror(errno));
	}
	if (ret) {
		free(bytes);
		return ret;
	}
	bytes[len - 1] = '\0';
	*line = bytes;
	return 0;
}

int vqnic_call(struct vqnic *vq, const char *path, const char *request, char **answer)
{
	int fd, ret;

	*answer = NULL;
	fd = connect_to(vq, path ? path : VQNIC_CALL_SOCKET);
	if (fd < 0)
		return fd;
	ret = send_all(vq, fd, request, strlen(request));
	if (!ret)
		ret = send_all(vq, fd, "\n", 1);
	if (!ret)
		ret = receive_line(vq, fd, answer);
	close(fd);
	return ret;
}
