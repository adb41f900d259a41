// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <microhttpd.h>

#include "metrics.h"

/* Connections at a time, and seconds after which an idle one is closed. */
#define CONNECTIONS_MAX 16
#define TIMEOUT_S 10

struct metrics {
	struct daemon *daemon;
	struct MHD_Daemon *http;
	sd_event_source *io, *time;
};

/* ---- the text ---- */

struct sample {
	char name[64];
	char labels[448];
	const char *help;	/* constant; NULL: of a counter of the driver's */
	bool counter;
	uint64_t value;
};

struct samples {
	size_t count;
	struct sample *samples;
	bool failed;		/* no memory */
};

/* Adds NAME="VALUE", with what the format wants escaped. */
static void add_label(char labels[static 448], const char *name, const char *value)
{
	size_t len = strlen(labels);

	len += (size_t)snprintf(labels + len, 448 - len, "%s%s=\"", len ? "," : "", name);
	for (; *value && len < 448 - 4; value++) {
		if (strchr("\"\\\n", *value))
			labels[len++] = '\\';
		labels[len++] = *value == '\n' ? 'n' : *value;
	}
	snprintf(labels + len, 448 - len, "\"");
}

/* A new sample; NULL: no memory. */
static struct sample *add(struct samples *s, const char *help, bool counter, uint64_t value, const char *name)
{
	struct sample *samples = realloc(s->samples, (s->count + 1) * sizeof(*samples)), *sample;

	if (!samples) {
		s->failed = true;
		return NULL;
	}
	s->samples = samples;
	sample = &samples[s->count++];
	*sample = (struct sample){ .help = help, .counter = counter, .value = value };
	snprintf(sample->name, sizeof(sample->name), "%s", name);
	return sample;
}

static void add_card_sample(struct samples *s, const char *help, const char *name, const char *card, uint64_t value)
{
	struct sample *sample = add(s, help, false, value, name);

	if (sample)
		add_label(sample->labels, "card", card);
}

static struct sample *add_dev_sample(struct samples *s, const char *help, bool counter, const char *name,
				     const struct vqnic_dev *dev, uint64_t value)
{
	struct sample *sample = add(s, help, counter, value, name);

	if (!sample)
		return NULL;
	add_label(sample->labels, "card", dev->card);
	add_label(sample->labels, "device", dev->name);
	return sample;
}

static void add_queue_sample(struct samples *s, const char *help, bool counter, const char *name,
			     const struct vqnic_dev *dev, const struct vqnic_queue *queue, uint64_t value)
{
	struct sample *sample = add_dev_sample(s, help, counter, name, dev, value);
	char index[16];

	if (!sample)
		return;
	snprintf(index, sizeof(index), "%" PRIu32, queue->index);
	add_label(sample->labels, "queue", index);
}

static int take_card(const struct vqnic_card *card, void *opaque)
{
	struct samples *s = opaque;

	add_card_sample(s, "Whether the card answers.", "vqnic_card_up", card->name, !card->dead);
	if (VQNIC_HAS(card, VQNIC_A_CARD_LINK))
		add_card_sample(s, "Whether the wire has a link.", "vqnic_card_link_up", card->name, card->link);
	add_card_sample(s, "Devices that the card has.", "vqnic_card_devices", card->name, card->vdevs_used);
	add_card_sample(s, "Devices that it can have.", "vqnic_card_devices_max", card->name, card->vdevs);
	add_card_sample(s, "Queue pairs that devices have.", "vqnic_card_queue_pairs", card->name, card->pairs_used);
	add_card_sample(s, "Queue pairs of the card.", "vqnic_card_queue_pairs_max", card->name, card->pairs);
	return 0;
}

static int take_dev(const struct vqnic_dev *dev, void *opaque)
{
	struct samples *s = opaque;
	const char *state = vqnic_state_name(dev->state);
	struct sample *sample;

	if (VQNIC_HAS(dev, VQNIC_A_DEV_STATE) && state) {
		sample = add_dev_sample(s, "What the device does, 1 of the state that it is in.", false, "vqnic_device_state",
					dev, 1);
		if (sample)
			add_label(sample->labels, "state", state);
	}
	for (size_t i = 0; i < dev->queue_count; i++) {
		const struct vqnic_queue *queue = &dev->queues[i];

		add_queue_sample(s, "The fault by which the queue has stopped, 0 for none.", false, "vqnic_queue_fault_code",
				 dev, queue, queue->fault);
		if (!VQNIC_HAS(queue, VQNIC_A_QUEUE_FRAMES))
			continue;
		add_queue_sample(s, "Frames that the queue has moved.", true, "vqnic_queue_frames_total", dev, queue,
				 queue->frames);
		add_queue_sample(s, "Bytes of these.", true, "vqnic_queue_bytes_total", dev, queue, queue->bytes);
		add_queue_sample(s, "Frames that were lost at the queue.", true, "vqnic_queue_drops_total", dev, queue,
				 queue->drops);
	}
	return 0;
}

static int take_stats(const struct vqnic_stats *stats, void *opaque)
{
	struct samples *s = opaque;

	for (size_t i = 0; i < stats->stat_count; i++) {
		char name[64];
		struct sample *sample;

		snprintf(name, sizeof(name), "vqnic_%s_%.40s_total", stats->dev ? "device" : "card", stats->stats[i].name);
		sample = add(s, NULL, true, stats->stats[i].value, name);
		if (!sample)
			return 0;
		add_label(sample->labels, "card", stats->card);
		if (stats->dev)
			add_label(sample->labels, "device", stats->dev);
	}
	return 0;
}

static void take_daemon(struct samples *s, const struct daemon *daemon)
{
	add(s, "Whether all is as it is wanted.", false, daemon->pending && !*daemon->pending && !*daemon->error,
	    "vqnicd_in_step");
	add(s, "Wanted states that were applied.", true, daemon->applied, "vqnicd_applied_total");
	add(s, "Wanted states that were refused.", true, daemon->refused, "vqnicd_refused_total");
	add(s, "Changes made because something was not as it is wanted.", true, daemon->restored, "vqnicd_restored_total");
}

/* By name, and else as they came. */
static int compare(const void *a, const void *b)
{
	const struct sample *const *x = a, *const *y = b;
	int by_name = strcmp((*x)->name, (*y)->name);

	return by_name ? by_name : (*x > *y) - (*x < *y);
}

static void print(FILE *out, const struct sample *sample, bool first)
{
	if (first && sample->help)
		fprintf(out, "# HELP %s %s\n", sample->name, sample->help);
	else if (first)
		fprintf(out, "# HELP %s Counter of the hardware, see docs/registers.md.\n", sample->name);
	if (first)
		fprintf(out, "# TYPE %s %s\n", sample->name, sample->counter ? "counter" : "gauge");
	fprintf(out, "%s%s%s%s %" PRIu64 "\n", sample->name, *sample->labels ? "{" : "", sample->labels,
		*sample->labels ? "}" : "", sample->value);
}

/* Of each name all samples one after the other, as the format wants it. */
static char *print_all(const struct samples *s)
{
	const struct sample **sorted = calloc(s->count + 1, sizeof(const struct sample *));
	char *text = NULL;
	size_t size;
	FILE *out = sorted ? open_memstream(&text, &size) : NULL;

	for (size_t i = 0; out && i < s->count; i++)
		sorted[i] = &s->samples[i];
	if (out) {
		qsort(sorted, s->count, sizeof(const struct sample *), compare);
		for (size_t i = 0; i < s->count; i++)
			print(out, sorted[i], !i || strcmp(sorted[i]->name, sorted[i - 1]->name));
		if (fclose(out)) {
			free(text);
			text = NULL;
		}
	}
	free(sorted);
	return text;
}

char *metrics_text(struct daemon *daemon)
{
	struct samples s = { 0 };
	char *text = NULL;

	/* What the driver does not say now is not there: its absence is what alerts look at. */
	take_daemon(&s, daemon);
	if (!vqnic_cards(daemon->vq, NULL, take_card, &s) && !vqnic_devs(daemon->vq, NULL, NULL, take_dev, &s))
		vqnic_stats(daemon->vq, NULL, NULL, take_stats, &s);
	if (!s.failed)
		text = print_all(&s);
	free(s.samples);
	return text;
}

/* ---- HTTP ---- */

static enum MHD_Result respond(struct MHD_Connection *connection, unsigned int status, char *text, const char *type)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result ret;

	if (!response) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	ret = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return ret;
}

static enum MHD_Result request(void *opaque, struct MHD_Connection *connection, const char *url, const char *method,
			       const char *version, const char *upload, size_t *upload_size, void **state)
{
	struct metrics *m = opaque;
	char *text;

	(void)version;
	(void)upload;
	(void)state;
	if (*upload_size)
		return MHD_NO;
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD)) {
		text = strdup("only GET\n");
		return text ? respond(connection, MHD_HTTP_METHOD_NOT_ALLOWED, text, "text/plain") : MHD_NO;
	}
	if (strcmp(url, "/metrics")) {
		text = strdup("metrics are at /metrics\n");
		return text ? respond(connection, MHD_HTTP_NOT_FOUND, text, "text/plain") : MHD_NO;
	}
	text = metrics_text(m->daemon);
	return text ? respond(connection, MHD_HTTP_OK, text, "text/plain; version=0.0.4; charset=utf-8") : MHD_NO;
}

/* Has the library do what it has to, and be called again when it wants. */
static void run(struct metrics *m)
{
	uint64_t ms = MHD_get_timeout64s(m->http) < 0 ? TIMEOUT_S * 1000 : (uint64_t)MHD_get_timeout64s(m->http);

	MHD_run(m->http);
	sd_event_source_set_time_relative(m->time, ms * 1000);
	sd_event_source_set_enabled(m->time, SD_EVENT_ONESHOT);
}

static int ready(sd_event_source *source, int fd, uint32_t events, void *opaque)
{
	(void)source;
	(void)fd;
	(void)events;
	run(opaque);
	return 0;
}

static int timed(sd_event_source *source, uint64_t now, void *opaque)
{
	(void)source;
	(void)now;
	run(opaque);
	return 0;
}

/* Takes "[ADDRESS:]PORT". */
static bool parse_where(const char *where, struct sockaddr_storage *address)
{
	const char *colon = strrchr(where, ':'), *digits = colon ? colon + 1 : where;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	unsigned long port = strtoul(digits, NULL, 10);
	char host[64] = "127.0.0.1";
	size_t len;

	memset(address, 0, sizeof(*address));
	if (!isdigit((unsigned char)*digits) || strspn(digits, "0123456789") != strlen(digits) || !port || port > 65535)
		return false;
	len = colon ? (size_t)(colon - where) : 0;
	if (colon && len < sizeof(host))
		snprintf(host, sizeof(host), "%.*s", (int)len, where);
	if (*host == '[' && len > 2 && host[len - 1] == ']') {
		host[len - 1] = '\0';
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		return inet_pton(AF_INET6, host + 1, &in6->sin6_addr) == 1;
	}
	in->sin_family = AF_INET;
	in->sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, host, &in->sin_addr) == 1;
}

int metrics_open(struct metrics **metrics, const char *where, struct daemon *daemon, char why[static METRICS_WHY_BYTES])
{
	struct sockaddr_storage address;
	const union MHD_DaemonInfo *info;
	struct metrics *m;
	int ret = 0;

	*metrics = NULL;
	if (!parse_where(where, &address)) {
		snprintf(why, METRICS_WHY_BYTES, "metrics cannot be served at \"%.100s\": it is [ADDRESS:]PORT", where);
		return -EINVAL;
	}
	m = calloc(1, sizeof(*m));
	if (!m) {
		snprintf(why, METRICS_WHY_BYTES, "out of memory");
		return -ENOMEM;
	}
	m->daemon = daemon;
	errno = 0;
	m->http = MHD_start_daemon(MHD_USE_EPOLL | (address.ss_family == AF_INET6 ? MHD_USE_IPv6 : 0), 0, NULL, NULL, request,
				   m, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
				   MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT_S, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U,
				   MHD_OPTION_END);
	if (!m->http)
		ret = errno ? -errno : -EIO;
	if (!ret) {
		info = MHD_get_daemon_info(m->http, MHD_DAEMON_INFO_EPOLL_FD);
		ret = info ? sd_event_add_io(daemon->event, &m->io, info->epoll_fd, EPOLLIN, ready, m) : -EIO;
	}
	if (ret >= 0)
		ret = sd_event_add_time_relative(daemon->event, &m->time, CLOCK_MONOTONIC, 0, 1000, timed, m);
	if (ret < 0) {
		snprintf(why, METRICS_WHY_BYTES, "metrics cannot be served at %.100s: %s", where, strerror(-ret));
		metrics_close(m);
		return ret;
	}
	*metrics = m;
	return 0;
}

void metrics_close(struct metrics *metrics)
{
	if (!metrics)
		return;
	sd_event_source_disable_unref(metrics->io);
	sd_event_source_disable_unref(metrics->time);
	if (metrics->http)
		MHD_stop_daemon(metrics->http);
	free(metrics);
}
