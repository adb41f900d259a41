// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-daemon.h>

#include "daemon.h"
#include "file.h"
#include "log.h"
#include "metrics.h"
#include "server.h"

enum { EXIT_USAGE = 1, EXIT_REFUSED = 2 };

struct options {
	const char *config, *store, *socket, *metrics, *check;
};

static const char help[] =
	"usage: vqnicd [OPTION]...\n"
	"Keeps vDPA devices of vqnic cards, and what their guests are allowed, as a file says.\n"
	"\n"
	"  --config FILE              what is wanted, read at the first start and by SIGHUP (/etc/vqnic/vqnicd.yaml)\n"
	"  --store DIR                where that is kept (/var/lib/vqnic)\n"
	"  --socket PATH              where vqnicctl asks (/run/vqnic/vqnicd.sock)\n"
	"  --metrics [ADDRESS:]PORT   serve metrics for Prometheus, at 127.0.0.1 if no address is given\n"
	"  --check FILE               say what is wrong with a file, and do nothing\n"
	"  --help, --version\n";

/* Says what is wrong with the file; returns the exit status. */
static int check(const char *name)
{
	FILE *file = fopen(name, "re");
	char why[CONFIG_WHY_BYTES];
	struct config *config;
	uint8_t *bytes = NULL;
	size_t len;
	int ret;

	ret = file ? file_read(file, CONFIG_BYTES_MAX, &bytes, &len) : -errno;
	if (file)
		fclose(file);
	if (ret) {
		fprintf(stderr, "vqnicd: cannot read %s: %s\n", name, strerror(-ret));
		free(bytes);
		return EXIT_REFUSED;
	}
	ret = config_read(&config, (const char *)bytes, len, why);
	free(bytes);
	if (ret) {
		fprintf(stderr, "vqnicd: %s:%s\n", name, ret == -ENOMEM ? " out of memory" : why);
		return EXIT_REFUSED;
	}
	printf("%s: %zu cards, %zu devices\n", name, config->card_count, config->dev_count);
	config_free(config);
	return 0;
}

/* Returns -1: go on; else the exit status. */
static int parse(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' }, { "store", required_argument, NULL, 's' },
		{ "socket", required_argument, NULL, 'S' }, { "metrics", required_argument, NULL, 'm' },
		{ "check", required_argument, NULL, 'k' }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' }, { 0 },
	};
	int option;

	*o = (struct options){
		.config = "/etc/vqnic/vqnicd.yaml", .store = "/var/lib/vqnic", .socket = "/run/vqnic/vqnicd.sock",
	};
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case 'c':
			o->config = optarg;
			break;
		case 's':
			o->store = optarg;
			break;
		case 'S':
			o->socket = optarg;
			break;
		case 'm':
			o->metrics = optarg;
			break;
		case 'k':
			o->check = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		case 'V':
			printf("vqnicd %s\n", VQNIC_VERSION);
			return 0;
		default:
			fprintf(stderr, "vqnicd: \"vqnicd --help\" lists the options\n");
			return EXIT_USAGE;
		}
	if (optind < argc) {
		fprintf(stderr, "vqnicd: unexpected argument \"%s\"\n", argv[optind]);
		return EXIT_USAGE;
	}
	return -1;
}

static int reload(sd_event_source *source, const struct signalfd_siginfo *info, void *opaque)
{
	struct daemon *daemon = opaque;
	char why[KEEPER_WHY_BYTES];
	struct timespec now;
	struct plan *plan;

	(void)source;
	(void)info;
	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	if (daemon_apply_file(daemon, &plan, "SIGHUP", why))
		log_line(LOG_LEVEL_ERROR, "%s; the state stays what it was", why);
	else
		plan_free(plan);
	sd_notify(0, "READY=1");
	return 0;
}

/* What a first start finds in the configuration file; without one nothing is wanted. */
static void first_state(struct daemon *daemon)
{
	char why[KEEPER_WHY_BYTES];
	struct plan *plan;
	size_t len;
	int ret;

	if (keeper_text(daemon->keeper, &len))
		return;
	ret = daemon_apply_file(daemon, &plan, "the first start", why);
	if (ret == -ENOENT)
		log_line(LOG_LEVEL_NOTICE, "nothing is wanted: there is no %s", daemon->config_file);
	else if (ret)
		log_line(LOG_LEVEL_ERROR, "%s; nothing is wanted", why);
	plan_free(plan);
}

static int block_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	signal(SIGPIPE, SIG_IGN);
	return sigprocmask(SIG_BLOCK, &signals, NULL) ? -errno : 0;
}

/* Runs until it is told to end. Returns 0 or a negative errno; what was refused is in the log. */
static int run(struct daemon *daemon, const struct options *o)
{
	char why[SERVER_WHY_BYTES], wrong[METRICS_WHY_BYTES];
	struct metrics *metrics = NULL;
	struct server *server = NULL;
	int ret;

	ret = server_open(&server, o->socket, daemon, why);
	if (ret < 0)
		log_line(LOG_LEVEL_ERROR, "%s", why);
	if (!ret && o->metrics) {
		ret = metrics_open(&metrics, o->metrics, daemon, wrong);
		if (ret < 0)
			log_line(LOG_LEVEL_ERROR, "%s", wrong);
	}
	if (!ret) {
		first_state(daemon);
		daemon_reconcile(NULL, 0, daemon);
		sd_notify(0, "READY=1");
		ret = sd_event_loop(daemon->event);
		sd_notify(0, "STOPPING=1");
	}
	metrics_close(metrics);
	server_close(server);
	return ret;
}

static int set_up(struct daemon *daemon)
{
	int ret = block_signals();

	if (ret >= 0)
		ret = sd_event_default(&daemon->event);
	if (ret >= 0)
		ret = sd_event_add_signal(daemon->event, NULL, SIGTERM, NULL, NULL);
	if (ret >= 0)
		ret = sd_event_add_signal(daemon->event, NULL, SIGINT, NULL, NULL);
	if (ret >= 0)
		ret = sd_event_add_signal(daemon->event, NULL, SIGHUP, reload, daemon);
	if (ret >= 0)
		ret = sd_event_add_time_relative(daemon->event, &daemon->later, CLOCK_MONOTONIC, 0, 10000, daemon_reconcile,
						 daemon);
	if (ret >= 0)
		ret = sd_event_set_watchdog(daemon->event, true);
	if (ret < 0)
		log_line(LOG_LEVEL_ERROR, "cannot set up events: %s", strerror(-ret));
	return ret;
}

int main(int argc, char **argv)
{
	struct daemon daemon = { 0 };
	char why[KEEPER_WHY_BYTES];
	struct options options;
	int ret = parse(argc, argv, &options);

	if (ret >= 0)
		return ret;
	if (options.check)
		return check(options.check);
	daemon.config_file = options.config;
	daemon.vq = vqnic_new();
	ret = daemon.vq ? set_up(&daemon) : -ENOMEM;
	if (ret >= 0) {
		ret = keeper_open(&daemon.keeper, options.store, daemon.vq, why);
		if (ret)
			log_line(LOG_LEVEL_ERROR, "%s", why);
	}
	if (ret >= 0)
		ret = run(&daemon, &options);
	keeper_close(daemon.keeper);
	sd_event_source_unref(daemon.later);
	sd_event_source_unref(daemon.driver);
	sd_event_unref(daemon.event);
	vqnic_free(daemon.vq);
	free(daemon.pending);
	return ret < 0 ? EXIT_REFUSED : ret;
}
