// SPDX-License-Identifier: Apache-2.0
/*
 * vqnic-sim: the simulated board as a program. One thread, one loop: it waits for the client, the port, the control
 * socket and signals, and runs the card's clock in between. While the card is idle it only waits.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "board.h"
#include "control.h"
#include "log.h"
#include "options.h"
#include "pollset.h"
#include "unix_socket.h"

/*
 * Cycles of the clock between two looks at the sockets: short, because a guest's register access waits for it, and
 * long enough that looking costs a few per cent at most.
 */
#define BURST_CYCLES 64

struct sim {
	const struct options *options;
	FILE *log;
	struct port *port;
	struct board *board;
	struct control *control;
	int signals;
	int listener;		/* of the vfio-user socket */
};

/* A line on stderr and in the log, if that is elsewhere. */
static void complain(const struct sim *sim, const char *what)
{
	fprintf(stderr, "vqnic-sim: %s\n", what);
	if (sim->log)
		log_error("%s", what);
}

/* Turns SIGINT and SIGTERM into input; a peer that closes its end is no reason to die. */
static int open_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* Opens everything that the options name. Returns false after saying what went wrong. */
static bool open_all(struct sim *sim)
{
	const struct options *o = sim->options;
	char why[512], line[640];
	const char *option = "--port";

	if (o->log) {
		sim->log = fopen(o->log, "we");
		if (!sim->log) {
			snprintf(line, sizeof(line), "--log %s: %s", o->log, strerror(errno));
			complain(sim, line);
			return false;
		}
	}
	log_to(sim->log, o->verbose ? LEVEL_DEBUG : LEVEL_INFO);
	sim->signals = open_signals();
	sim->port = port_open(o->port, why, sizeof(why));
	if (!sim->port)
		goto err;
	sim->board = board_new(&o->pcie, o->serial, sim->port);
	if (!sim->board) {
		complain(sim, "out of memory");
		return false;
	}
	if (o->link_up || o->link_down)
		board_set_link(sim->board, o->link_up ? BOARD_LINK_UP : BOARD_LINK_DOWN);
	option = "--pcap";
	if (o->pcap && board_pcap_start(sim->board, o->pcap, why, sizeof(why)))
		goto err;
	option = "--wave";
	if (o->wave && board_wave_start(sim->board, o->wave, why, sizeof(why)))
		goto err;
	option = "--control";
	if (o->control) {
		sim->control = control_new(o->control, sim->board, why, sizeof(why));
		if (!sim->control)
			goto err;
	}
	/* Last: once this socket is there, everything is. */
	option = "--socket";
	sim->listener = unix_listen(o->socket, why, sizeof(why));
	if (sim->listener >= 0)
		return true;
err:
	snprintf(line, sizeof(line), "%s: %s", option, why);
	complain(sim, line);
	return false;
}

static void close_all(struct sim *sim)
{
	if (sim->listener >= 0) {
		unlink(sim->options->socket);
		close(sim->listener);
	}
	control_free(sim->control);
	board_free(sim->board);
	port_close(sim->port);
	if (sim->signals >= 0)
		close(sim->signals);
	log_to(NULL, LEVEL_INFO);
	if (sim->log)
		fclose(sim->log);
}

/* A card has one slot: while there is a client, others are turned away. */
static void accept_client(struct sim *sim)
{
	int fd = accept4(sim->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), rc;

	if (fd < 0)
		return;
	if (board_client_fd(sim->board) >= 0) {
		log_warn("a second client was turned away");
		close(fd);
		return;
	}
	rc = board_connect(sim->board, fd);
	if (rc)
		log_error("client not connected: %s", strerror(-rc));
}

/* Which signal has come: its name, or NULL. */
static const char *take_signal(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof(info)) == sizeof(info) ? strsignal((int)info.ssi_signo) : NULL;
}

/* Returns 0, or -errno of a wait that failed. */
static int loop(struct sim *sim)
{
	struct pollset set = { 0 };
	const char *signal_name;
	int rc;

	for (;;) {
		bool busy = board_busy(sim->board);
		int timeout_ms = busy ? 0 : -1;
		int client, listener, signals;

		pollset_clear(&set);
		signals = pollset_add(&set, sim->signals, POLLIN);
		listener = pollset_add(&set, sim->listener, POLLIN);
		client = pollset_add(&set, board_client_fd(sim->board), board_client_events(sim->board));
		if (sim->control)
			control_poll_fill(sim->control, &set);
		port_poll_fill(sim->port, &set, &timeout_ms);
		if (!busy)
			board_flush(sim->board);
		rc = pollset_wait(&set, timeout_ms);
		if (rc)
			break;

		if (pollset_events(&set, signals) && (signal_name = take_signal(sim->signals))) {
			log_info("%s: the end", signal_name);
			break;
		}
		/* The client before those who wait: it may have left to make room. */
		if (pollset_events(&set, client) && !board_serve(sim->board) && sim->options->once)
			break;
		if (pollset_events(&set, listener))
			accept_client(sim);
		port_poll_done(sim->port, &set);
		if (sim->control) {
			control_poll_done(sim->control, &set);
			if (control_wants_quit(sim->control))
				break;
		}
		board_run(sim->board, BURST_CYCLES);
	}
	pollset_free(&set);
	return rc;
}

int main(int argc, char **argv)
{
	struct options options;
	struct sim sim = { .options = &options, .signals = -1, .listener = -1 };
	char why[256];
	int rc;

	if (argc > 1 && !strcmp(argv[1], "ctl")) {
		if (argc > 3)
			return control_client(argv[2], argc - 3, argv + 3);
		fprintf(stderr, "usage: vqnic-sim ctl SOCKET COMMAND, one of:\n%s", control_help);
		return 1;
	}
	if (!options_parse(&options, argc, argv, why, sizeof(why))) {
		fprintf(stderr, "vqnic-sim: %s\n", why);
		return 1;
	}
	if (options.help || options.version) {
		options.help ? options_help() : options_version();
		return 0;
	}
	if (!open_all(&sim)) {
		close_all(&sim);
		return 1;
	}
	log_info("waiting for a client at %s", options.socket);
	rc = loop(&sim);
	if (rc)
		complain(&sim, strerror(-rc));
	close_all(&sim);
	return rc ? 1 : 0;
}
