// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "log.h"
#include "unix_socket.h"
#include "vqnic_regs.h"

#define CLIENTS_MAX 8
#define LINE_MAX_BYTES (PATH_MAX + 64)
#define ANSWER_SECONDS 30

struct client {
	int fd;			/* -1: the slot is free */
	int poll_index;
	char line[LINE_MAX_BYTES];
	size_t len;
};

struct control {
	struct board *board;
	char *path;
	int fd;
	int poll_index;
	bool quit;
	struct client clients[CLIENTS_MAX];
};

const char control_help[] =
	"  wave start FILE         write FST waves from now on\n"
	"  wave stop\n"
	"  pcap start FILE         record the frames on the wire from now on\n"
	"  pcap stop\n"
	"  link up|down|auto       carrier of the wire; auto: as the port says\n"
	"  force OFFSET VALUE      reads of the BAR0 word at OFFSET answer VALUE (both hexadecimal)\n"
	"  unforce                 they answer what the card says again\n"
	"  stats                   counters, as JSON\n"
	"  quit                    end the simulator\n";

/* Commands fill `answer` with what is wrong, or leave it empty. */
static void wave_start(struct control *control, const char *file, char *answer, size_t size)
{
	if (!board_wave_start(control->board, file, answer, size))
		log_info("waves to %s", file);
}

static void wave_stop(struct control *control, const char *file, char *answer, size_t size)
{
	(void)file;
	if (board_wave_stop(control->board))
		snprintf(answer, size, "waves are off already");
}

static void pcap_start(struct control *control, const char *file, char *answer, size_t size)
{
	if (!board_pcap_start(control->board, file, answer, size))
		log_info("recording to %s", file);
}

static void pcap_stop(struct control *control, const char *file, char *answer, size_t size)
{
	(void)file;
	if (board_pcap_stop(control->board))
		snprintf(answer, size, "recording is off already");
}

static void link_up(struct control *control, const char *file, char *answer, size_t size)
{
	(void)file, (void)answer, (void)size;
	board_set_link(control->board, BOARD_LINK_UP);
}

static void link_down(struct control *control, const char *file, char *answer, size_t size)
{
	(void)file, (void)answer, (void)size;
	board_set_link(control->board, BOARD_LINK_DOWN);
}

static void link_auto(struct control *control, const char *file, char *answer, size_t size)
{
	(void)file, (void)answer, (void)size;
	board_set_link(control->board, BOARD_LINK_AUTO);
}

static void force(struct control *control, const char *arguments, char *answer, size_t size)
{
	unsigned int offset, value;
	int end = 0;

	if (sscanf(arguments, "%x %x%n", &offset, &value, &end) != 2 || arguments[end]) {
		snprintf(answer, size, "force takes OFFSET VALUE, both hexadecimal, not '%.64s'", arguments);
	} else if (offset % 4 || offset >= VQNIC_BAR_REGS_SIZE) {
		snprintf(answer, size, "%#x is not the offset of a word of BAR0", offset);
	} else {
		board_force(control->board, offset, value);
		log_info("reads of register %#x answer %#x", offset, value);
	}
}

static void unforce(struct control *control, const char *file, char *answer, size_t size)
{
	(void)file, (void)answer, (void)size;
	board_unforce(control->board);
}

static void quit(struct control *control, const char *file, char *answer, size_t size)
{
	(void)file, (void)answer, (void)size;
	control->quit = true;
}

static const struct {
	const char *words;	/* one that ends in a space is followed by a file or by numbers */
	void (*run)(struct control *control, const char *argument, char *answer, size_t size);
	bool file;		/* it is a file */
} commands[] = {
	{ "wave start ", wave_start, true }, { "wave stop", wave_stop, false }, { "pcap start ", pcap_start, true },
	{ "pcap stop", pcap_stop, false },   { "link up", link_up, false },	{ "link down", link_down, false },
	{ "link auto", link_auto, false },   { "force ", force, false },	{ "unforce", unforce, false },
	{ "quit", quit, false },
};

/* The index of the command that `line` is; *argument is what follows it. -1: none. */
static int find_command(const char *line, const char **argument)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		size_t len = strlen(commands[i].words);
		bool takes_argument = commands[i].words[len - 1] == ' ';

		if (strncmp(line, commands[i].words, len) || takes_argument == !line[len])
			continue;
		*argument = line + len;
		return (int)i;
	}
	return -1;
}

static void send_line(const struct client *client, const char *prefix, const char *text)
{
	char *line = NULL;
	int len = asprintf(&line, "%s%s\n", prefix, text);

	/* A line fits into an empty socket; a client that does not read its answers loses them. */
	if (len > 0 && send(client->fd, line, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT) != len)
		log_debug("control client does not read its answer");
	if (len >= 0)
		free(line);
}

static void answer_line(struct control *control, const struct client *client, const char *line)
{
	char answer[LINE_MAX_BYTES + 256] = "";
	const char *argument;
	int command = find_command(line, &argument);

	log_debug("control: %s", line);
	if (!strcmp(line, "stats")) {
		struct json_object *stats = board_stats(control->board);

		send_line(client, "", json_object_to_json_string_ext(stats, JSON_C_TO_STRING_PLAIN));
		json_object_put(stats);
		return;
	}
	if (command < 0)
		snprintf(answer, sizeof(answer), "unknown command '%.64s'", line);
	else
		commands[command].run(control, argument, answer, sizeof(answer));
	send_line(client, *answer ? "error: " : "ok", answer);
}

static void drop_client(struct client *client)
{
	close(client->fd);
	client->fd = -1;
}

static void serve_client(struct control *control, struct client *client)
{
	ssize_t n = recv(client->fd, client->line + client->len, sizeof(client->line) - client->len, MSG_DONTWAIT);
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop_client(client);
		return;
	}
	client->len += (size_t)n;
	while ((end = memchr(client->line, '\n', client->len))) {
		size_t used = (size_t)(end - client->line) + 1;

		*end = 0;
		answer_line(control, client, client->line);
		client->len -= used;
		memmove(client->line, client->line + used, client->len);
	}
	if (client->len == sizeof(client->line)) {
		send_line(client, "error: ", "the line is too long");
		drop_client(client);
	}
}

static void accept_client(struct control *control)
{
	int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	for (size_t i = 0; fd >= 0 && i < CLIENTS_MAX; i++) {
		if (control->clients[i].fd >= 0)
			continue;
		control->clients[i] = (struct client){ .fd = fd, .poll_index = -1 };
		return;
	}
	if (fd >= 0)
		close(fd);
}

struct control *control_new(const char *path, struct board *board, char *error, size_t error_size)
{
	struct control *control = calloc(1, sizeof(*control));

	if (!control || !(control->path = strdup(path))) {
		snprintf(error, error_size, "out of memory");
		free(control);
		return NULL;
	}
	control->board = board;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		control->clients[i].fd = -1;
	control->fd = unix_listen(path, error, error_size);
	if (control->fd < 0) {
		free(control->path);
		free(control);
		return NULL;
	}
	return control;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (control->clients[i].fd >= 0)
			drop_client(&control->clients[i]);
	unlink(control->path);
	close(control->fd);
	free(control->path);
	free(control);
}

void control_poll_fill(struct control *control, struct pollset *set)
{
	control->poll_index = pollset_add(set, control->fd, POLLIN);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (control->clients[i].fd >= 0)
			control->clients[i].poll_index = pollset_add(set, control->clients[i].fd, POLLIN);
}

void control_poll_done(struct control *control, const struct pollset *set)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (control->clients[i].fd >= 0 && pollset_events(set, control->clients[i].poll_index))
			serve_client(control, &control->clients[i]);
	if (pollset_events(set, control->poll_index))
		accept_client(control);
}

bool control_wants_quit(const struct control *control)
{
	return control->quit;
}

/* Joins the words to a line, with the file's path from the root. On the heap, or NULL with a line printed. */
static char *join_words(int count, char *const *words)
{
	char line[LINE_MAX_BYTES] = "", folder[PATH_MAX] = "";
	const char *file;
	size_t len = 0;
	int command;

	for (int i = 0; i < count; i++) {
		int n = snprintf(line + len, sizeof(line) - len, "%s%s", i ? " " : "", words[i]);

		if (n < 0 || (size_t)n >= sizeof(line) - len - 1 || strchr(words[i], '\n')) {
			fprintf(stderr, "vqnic-sim ctl: '%.64s': too long, or more than a line\n", words[i]);
			return NULL;
		}
		len += (size_t)n;
	}
	command = find_command(line, &file);
	if (command >= 0 && commands[command].file && *file != '/') {
		char *absolute = NULL;

		if (!getcwd(folder, sizeof(folder))) {
			perror("vqnic-sim ctl: current folder");
			return NULL;
		}
		if (asprintf(&absolute, "%.*s%s/%s\n", (int)(file - line), line, folder, file) < 0)
			return NULL;
		return absolute;
	}
	line[len] = '\n';
	return strndup(line, len + 1);
}

/* Reads a line of any length. Returns it on the heap without its end, or NULL: none came. */
static char *read_line(int fd)
{
	FILE *stream = fdopen(fd, "r");
	char *line = NULL;
	size_t room = 0;
	ssize_t len = stream ? getline(&line, &room, stream) : -1;

	if (stream)
		fclose(stream);
	else
		close(fd);
	if (len <= 0 || line[len - 1] != '\n') {
		free(line);
		return NULL;
	}
	line[len - 1] = 0;
	return line;
}

int control_client(const char *path, int word_count, char *const *words)
{
	const struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	char error[256], *line = join_words(word_count, words), *answer;
	int fd, status;

	if (!line)
		return 1;
	fd = unix_connect(path, error, sizeof(error));
	if (fd < 0) {
		fprintf(stderr, "vqnic-sim ctl: %s\n", error);
		free(line);
		return 1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	answer = send(fd, line, strlen(line), MSG_NOSIGNAL) < 0 ? NULL : read_line(fd);
	free(line);
	if (!answer) {
		fprintf(stderr, "vqnic-sim ctl: %s: the simulator does not answer\n", path);
		return 1;
	}
	status = !strncmp(answer, "error: ", 7);
	if (status)
		fprintf(stderr, "vqnic-sim ctl: %s\n", answer + 7);
	else
		printf("%s\n", answer);
	free(answer);
	return status;
}
