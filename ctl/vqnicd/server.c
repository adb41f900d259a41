// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "methods.h"
#include "server.h"

#define CLIENTS_MAX 64

/* Who connects and says nothing, or does not read, is let go after this, in microseconds. */
#define IDLE_USEC (60 * UINT64_C(1000000))

struct buffer {
	char *bytes;
	size_t len, room;
};

struct client {
	struct server *server;
	struct client *next;
	int fd;
	bool privileged;
	sd_event_source *io, *idle;
	struct buffer in, out;
};

struct server {
	struct daemon *daemon;
	int fd;
	struct sockaddr_un address;
	sd_event_source *io;
	struct client *clients;
	unsigned int count;
};

__attribute__((format(printf, 3, 4)))
static int fail(char why[static SERVER_WHY_BYTES], int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, SERVER_WHY_BYTES, format, args);
	va_end(args);
	return err;
}

/* Makes room for `len` bytes more. False: no memory. */
static bool reserve(struct buffer *b, size_t len)
{
	size_t room = b->room ? b->room : 4096;
	char *bytes;

	while (room < b->len + len)
		room *= 2;
	if (room == b->room)
		return true;
	bytes = realloc(b->bytes, room);
	if (!bytes)
		return false;
	b->bytes = bytes;
	b->room = room;
	return true;
}

static void drop(struct buffer *b, size_t len)
{
	memmove(b->bytes, b->bytes + len, b->len - len);
	b->len -= len;
	if (!b->len) {
		free(b->bytes);
		*b = (struct buffer){ 0 };
	}
}

static void client_close(struct client *c)
{
	struct client **link;

	for (link = &c->server->clients; *link != c; link = &(*link)->next)
		;
	*link = c->next;
	c->server->count--;
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->idle);
	close(c->fd);
	free(c->in.bytes);
	free(c->out.bytes);
	free(c);
}

/* Puts the answer to a message into what is to be sent. False: no memory. */
static bool answer(struct client *c, const char *message, size_t len)
{
	char *text = rpc_answer(methods, c->server->daemon, c->privileged, message, len);
	size_t size = text ? strlen(text) : 0;
	bool room = !text || reserve(&c->out, size + 1);

	if (text && room) {
		memcpy(c->out.bytes + c->out.len, text, size);
		c->out.bytes[c->out.len + size] = '\n';
		c->out.len += size + 1;
	}
	free(text);
	return room;
}

/* False: the client is to be let go. */
static bool receive(struct client *c)
{
	ssize_t len;

	if (!reserve(&c->in, 65536))
		return false;
	len = recv(c->fd, c->in.bytes + c->in.len, c->in.room - c->in.len, 0);
	if (len > 0)
		c->in.len += (size_t)len;
	return len > 0 || (len < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool transmit(struct client *c)
{
	ssize_t len = send(c->fd, c->out.bytes, c->out.len, MSG_NOSIGNAL);

	if (len > 0)
		drop(&c->out, (size_t)len);
	return len > 0 || (len < 0 && (errno == EAGAIN || errno == EINTR));
}

/*
 * Answers the messages that are there, one by one: the next one is looked at when the answer to the last was taken, so
 * that who does not read cannot have vqnicd keep answers. False: the client is to be let go.
 */
static bool serve(struct client *c)
{
	for (;;) {
		char *end;
		size_t len;
		bool room;

		if (c->out.len && !transmit(c))
			return false;
		if (c->out.len)
			return true;
		end = c->in.len ? memchr(c->in.bytes, '\n', c->in.len) : NULL;
		if (!end)
			return c->in.len <= SERVER_MESSAGE_MAX;
		len = (size_t)(end - c->in.bytes);
		room = answer(c, c->in.bytes, len);
		drop(&c->in, len + 1);
		if (!room)
			return false;
	}
}

static int client_ready(sd_event_source *source, int fd, uint32_t events, void *opaque)
{
	struct client *c = opaque;

	(void)fd;
	(void)events;
	if ((!c->out.len && !receive(c)) || !serve(c)) {
		client_close(c);
		return 0;
	}
	sd_event_source_set_time_relative(c->idle, IDLE_USEC);
	return sd_event_source_set_io_events(source, c->out.len ? EPOLLOUT : EPOLLIN);
}

static int client_idle(sd_event_source *source, uint64_t now, void *opaque)
{
	(void)source;
	(void)now;
	client_close(opaque);
	return 0;
}

static int client_open(struct server *s, int fd, bool privileged)
{
	struct client *c = calloc(1, sizeof(*c));
	int ret;

	if (!c) {
		close(fd);
		return -ENOMEM;
	}
	*c = (struct client){ .server = s, .next = s->clients, .fd = fd, .privileged = privileged };
	s->clients = c;
	s->count++;
	ret = sd_event_add_io(s->daemon->event, &c->io, fd, EPOLLIN, client_ready, c);
	if (ret >= 0)
		ret = sd_event_add_time_relative(s->daemon->event, &c->idle, CLOCK_MONOTONIC, IDLE_USEC, 1000000,
						 client_idle, c);
	if (ret < 0)
		client_close(c);
	return ret;
}

/* Whether the peer may change something. */
static bool is_privileged(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) && (!peer.uid || peer.uid == geteuid());
}

static int server_ready(sd_event_source *source, int fd, uint32_t events, void *opaque)
{
	struct server *s = opaque;
	bool privileged;
	int client, ret;

	(void)source;
	(void)events;
	client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (client < 0)
		return 0;
	privileged = is_privileged(client);
	/* So that nobody keeps root out. */
	if (s->count >= CLIENTS_MAX && !privileged) {
		log_line(LOG_LEVEL_WARNING, "a connection is refused: there are %u", s->count);
		close(client);
		return 0;
	}
	ret = client_open(s, client, privileged);
	if (ret < 0)
		log_line(LOG_LEVEL_WARNING, "a connection is refused: %s", strerror(-ret));
	return 0;
}

/* Whether somebody listens there. */
static bool is_answered(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool answered = fd >= 0 && !connect(fd, (const struct sockaddr *)address, sizeof(*address));

	if (fd >= 0)
		close(fd);
	return answered;
}

static int listen_at(struct server *s, const char *path, char why[static SERVER_WHY_BYTES])
{
	if (bind(s->fd, (struct sockaddr *)&s->address, sizeof(s->address))) {
		if (errno != EADDRINUSE)
			return fail(why, -errno, "cannot listen at %s: %s", path, strerror(errno));
		if (is_answered(&s->address))
			return fail(why, -EADDRINUSE, "another vqnicd listens at %s", path);
		if (unlink(path) || bind(s->fd, (struct sockaddr *)&s->address, sizeof(s->address)))
			return fail(why, -errno, "cannot listen at %s: %s", path, strerror(errno));
	}
	/* Who may do what is told by whom the peer is. */
	if (chmod(path, 0666) || listen(s->fd, CLIENTS_MAX))
		return fail(why, -errno, "cannot listen at %s: %s", path, strerror(errno));
	return 0;
}

int server_open(struct server **server, const char *path, struct daemon *daemon, char why[static SERVER_WHY_BYTES])
{
	struct server *s;
	int ret;

	*server = NULL;
	if (strlen(path) >= sizeof(s->address.sun_path))
		return fail(why, -ENAMETOOLONG, "the socket's path is longer than %zu bytes: %s",
			    sizeof(s->address.sun_path) - 1, path);
	s = calloc(1, sizeof(*s));
	if (!s)
		return fail(why, -ENOMEM, "out of memory");
	s->daemon = daemon;
	s->address.sun_family = AF_UNIX;
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0) {
		ret = fail(why, -errno, "cannot make a socket: %s", strerror(errno));
		free(s);
		return ret;
	}
	strcpy(s->address.sun_path, path);
	ret = listen_at(s, path, why);
	if (!ret) {
		ret = sd_event_add_io(daemon->event, &s->io, s->fd, EPOLLIN, server_ready, s);
		if (ret < 0)
			fail(why, ret, "cannot wait for connections: %s", strerror(-ret));
	}
	if (ret < 0) {
		close(s->fd);
		free(s);
		return ret;
	}
	*server = s;
	return 0;
}

void server_close(struct server *server)
{
	if (!server)
		return;
	while (server->clients)
		client_close(server->clients);
	sd_event_source_disable_unref(server->io);
	close(server->fd);
	unlink(server->address.sun_path);
	free(server);
}
