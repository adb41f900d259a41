// SPDX-License-Identifier: Apache-2.0
/*
 * How long after a change its event is there: changes the policy of a device COUNT times and waits for each event. Prints
 * the medians, in microseconds: from asking for the change to the event, and from asking to the driver's answer.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "vqnic/vqnic.h"

#define COUNT_MAX 100000

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int count_policy(const struct vqnic_event *event, void *opaque)
{
	*(unsigned int *)opaque += event->what == VQNIC_NTF_POLICY;
	return 0;
}

/* One change; false: the library refused. */
static bool change(struct vqnic *listener, struct vqnic *vq, const char *dev, bool on, double *event, double *answer)
{
	struct pollfd pollfd = { .fd = vqnic_event_fd(listener), .events = POLLIN };
	struct vqnic_policy policy = { .trust = on };
	unsigned int seen = 0;
	double begin;

	VQNIC_GIVE(&policy, VQNIC_FILTER_A_TRUST);
	begin = now();
	if (vqnic_set_policy(vq, NULL, dev, &policy))
		return false;
	*answer = now() - begin;
	while (!seen)
		if (poll(&pollfd, 1, 10000) != 1 || vqnic_events(listener, count_policy, &seen))
			return false;
	*event = now() - begin;
	return true;
}

int main(int argc, char **argv)
{
	size_t count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	struct vqnic *listener = vqnic_new(), *vq = vqnic_new();
	double *events, *answers;

	if (!count || count > COUNT_MAX || !listener || !vq || vqnic_listen(listener)) {
		fprintf(stderr, "usage: event DEV COUNT, with the driver loaded\n");
		return 1;
	}
	events = calloc(count, sizeof(*events));
	answers = calloc(count, sizeof(*answers));
	for (size_t i = 0; i < count; i++)
		if (!events || !answers || !change(listener, vq, argv[1], i % 2 == 0, &events[i], &answers[i])) {
			fprintf(stderr, "change %zu: %s; %s\n", i, vqnic_error(vq), vqnic_error(listener));
			return 1;
		}
	qsort(events, count, sizeof(*events), compare);
	qsort(answers, count, sizeof(*answers), compare);
	printf("%.1f %.1f\n", events[count / 2], answers[count / 2]);
	free(events);
	free(answers);
	vqnic_free(listener);
	vqnic_free(vq);
	return 0;
}
