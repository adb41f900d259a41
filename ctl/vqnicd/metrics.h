/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics for Prometheus, in its text format 0.0.4, at /metrics by HTTP. Names are as its conventions have them
 * (https://prometheus.io/docs/practices/naming): vqnic_device_rx_bytes_total{card="0000:00:05.0",device="web0"}.
 */
#ifndef METRICS_H
#define METRICS_H

#include "daemon.h"

#define METRICS_WHY_BYTES 256

struct metrics;

/*
 * Serves at `where`, "[ADDRESS:]PORT"; without an address at 127.0.0.1, an IPv6 address stands in brackets. Returns 0, or
 * a negative errno with one line in `why`. The caller frees it with metrics_close().
 */
int metrics_open(struct metrics **metrics, const char *where, struct daemon *daemon, char why[static METRICS_WHY_BYTES]);

/* NULL is allowed. */
void metrics_close(struct metrics *metrics);

/* The metrics as text in new memory, which the caller frees; NULL: no memory. */
char *metrics_text(struct daemon *daemon);

#endif
