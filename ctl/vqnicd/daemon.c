// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <systemd/sd-daemon.h>

#include "daemon.h"
#include "file.h"
#include "log.h"

/* After an event others follow; what is pending is tried again. In microseconds. */
#define SOON_USEC 50000
#define AGAIN_USEC 1000000

__attribute__((format(printf, 3, 4)))
static int fail(char why[static KEEPER_WHY_BYTES], int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, KEEPER_WHY_BYTES, format, args);
	va_end(args);
	return err;
}

static void reconcile_in(struct daemon *daemon, uint64_t usec)
{
	sd_event_source_set_time_relative(daemon->later, usec);
	sd_event_source_set_enabled(daemon->later, SD_EVENT_ONESHOT);
}

/* ---- what is told ---- */

/* "web0: somebody has it open; card 0000:00:05.0: ..."; new memory, NULL: there is none. */
static char *pending_text(const struct plan *plan)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const char *between = "";

	if (!out)
		return NULL;
	for (size_t i = 0; i < plan->count; i++) {
		const struct change *change = &plan->changes[i];

		if (!*change->pending)
			continue;
		fprintf(out, "%s%s%s: %s", between, change->dev ? "" : "card ", change->dev ? change->dev : change->card,
			change->pending);
		between = "; ";
	}
	fclose(out);
	return text;
}

/* What the plan has changed goes to the log, and what is pending if that is news. */
static void tell(struct daemon *daemon, const struct plan *plan, const char *by)
{
	char *pending = pending_text(plan);

	for (size_t i = 0; i < plan->count; i++) {
		const struct change *change = &plan->changes[i];

		if (change->done)
			log_line(LOG_LEVEL_NOTICE, "%s on %s: %s%s%s, by %s", change->dev, change->card,
				 change_name(change->what), *change->text ? ", " : "", change->text, by);
	}
	*daemon->error = '\0';
	if (!pending)
		return;
	if (daemon->pending && strcmp(pending, daemon->pending) && *pending)
		log_line(LOG_LEVEL_WARNING, "pending: %s", pending);
	else if (!daemon->pending && *pending)
		log_line(LOG_LEVEL_WARNING, "pending: %s", pending);
	else if (daemon->pending && *daemon->pending && !*pending)
		log_line(LOG_LEVEL_NOTICE, "all is as it is wanted");
	free(daemon->pending);
	daemon->pending = pending;
	sd_notifyf(0, "STATUS=%s%.400s", *pending ? "Pending: " : "All is as it is wanted.", pending);
	if (*pending)
		reconcile_in(daemon, AGAIN_USEC);
}

/* ---- what is done ---- */

int daemon_apply(struct daemon *daemon, struct plan **plan, const char *text, size_t len, const char *by,
		 char why[static KEEPER_WHY_BYTES])
{
	int ret = keeper_apply(daemon->keeper, plan, text, len, why);

	if (ret) {
		daemon->refused++;
		/* Something may be pending that was not before. */
		reconcile_in(daemon, SOON_USEC);
		return ret;
	}
	daemon->applied++;
	tell(daemon, *plan, by);
	return 0;
}

int daemon_read_file(struct daemon *daemon, char **text, size_t *len, char why[static KEEPER_WHY_BYTES])
{
	FILE *file = fopen(daemon->config_file, "re");
	uint8_t *bytes;
	int ret;

	*text = NULL;
	if (!file)
		return fail(why, -errno, "cannot open %s: %s", daemon->config_file, strerror(errno));
	ret = file_read(file, CONFIG_BYTES_MAX, &bytes, len);
	fclose(file);
	if (ret) {
		free(bytes);
		return fail(why, ret, "cannot read %s: %s", daemon->config_file, strerror(-ret));
	}
	*text = (char *)bytes;
	return 0;
}

int daemon_apply_file(struct daemon *daemon, struct plan **plan, const char *by, char why[static KEEPER_WHY_BYTES])
{
	char said[KEEPER_WHY_BYTES], *text;
	size_t len;
	int ret;

	*plan = NULL;
	ret = daemon_read_file(daemon, &text, &len, why);
	if (ret)
		return ret;
	ret = daemon_apply(daemon, plan, text, len, by, said);
	free(text);
	/* A place in it is LINE:COLUMN. */
	return ret ? fail(why, ret, "%.300s:%s%.700s", daemon->config_file, isdigit((unsigned char)*said) ? "" : " ", said) : 0;
}

/* ---- the driver's events ---- */

static int note_event(const struct vqnic_event *event, void *opaque)
{
	bool *matters = opaque;

	switch (event->what) {
	case VQNIC_NTF_CARD_ADDED:
	case VQNIC_NTF_CARD_REMOVED:
	case VQNIC_NTF_CARD_DEAD:
	case VQNIC_NTF_CARD_UP:
	case VQNIC_NTF_DEV_ADDED:
	case VQNIC_NTF_DEV_REMOVED:
	case VQNIC_NTF_POLICY:
		*matters = true;
		break;
	default:
		break;
	}
	return 0;
}

static int driver_ready(sd_event_source *source, int fd, uint32_t events, void *opaque)
{
	struct daemon *daemon = opaque;
	bool matters = false;
	int ret;

	(void)source;
	(void)fd;
	(void)events;
	ret = vqnic_events(daemon->vq, note_event, &matters);
	/* Whatever has happened meanwhile. */
	if (matters || ret)
		reconcile_in(daemon, SOON_USEC);
	if (ret && ret != -ENOBUFS)
		log_line(LOG_LEVEL_WARNING, "an event of the driver is not understood: %s", vqnic_error(daemon->vq));
	return 0;
}

/* Listens to the driver, if it is there. */
static void listen_to_driver(struct daemon *daemon)
{
	if (daemon->driver || vqnic_listen(daemon->vq))
		return;
	sd_event_add_io(daemon->event, &daemon->driver, vqnic_event_fd(daemon->vq), EPOLLIN, driver_ready, daemon);
}

int daemon_reconcile(sd_event_source *source, uint64_t now, void *opaque)
{
	struct daemon *daemon = opaque;
	char why[KEEPER_WHY_BYTES];
	struct plan *plan;

	(void)source;
	(void)now;
	listen_to_driver(daemon);
	if (keeper_reconcile(daemon->keeper, &plan, why)) {
		if (strcmp(why, daemon->error))
			log_line(LOG_LEVEL_ERROR, "it is not as it is wanted: %s", why);
		snprintf(daemon->error, sizeof(daemon->error), "%s", why);
		reconcile_in(daemon, AGAIN_USEC);
		return 0;
	}
	for (size_t i = 0; i < plan->count; i++)
		daemon->restored += plan->changes[i].done;
	tell(daemon, plan, "vqnicd");
	if (!daemon->driver)
		reconcile_in(daemon, AGAIN_USEC);
	plan_free(plan);
	return 0;
}
