// SPDX-License-Identifier: Apache-2.0
/*
 * How many cycles the RTL takes for a packet when the driver always keeps the queue busy and the host is a PCIe round
 * trip of 800 ns away, and how many cycles a second the model runs.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "driver.h"

#define ROUND_TRIP 200			/* cycles of 4 ns */
#define RING 256
#define WARM_UP 100			/* packets */
#define PACKETS 1000
#define STEP 50				/* cycles between two looks of the driver at its rings */
#define SPEED_SECONDS 2.0
/* The dirty log: swapped so often, and where no other memory is. */
#define LOG_SWAP_CYCLES 250000		/* 1 ms */
#define LOG_PLACE (1ull << 60)
#define LOG_BYTES ((SPACE_END >> 12) + 8)	/* two of them, 8 bytes from each other: nobody reads them */

enum host_side {
	BUS_ADDRESSES,
	TRANSLATED,			/* vdevs with address spaces of their own, in pages of 4 KiB */
	LOGGED,				/* and with dirty logs, which are swapped */
};

static struct {
	const char *name;
	double value;
	const char *unit;
} results[32];
static unsigned int result_count;

static void result(const char *name, double value, const char *unit)
{
	results[result_count].name = name;
	results[result_count].value = value;
	results[result_count++].unit = unit;
	printf("%-36s %14.1f %s\n", name, value, unit);
}

static struct card *start(const struct pcie_config *link, enum host_side side)
{
	struct vdev_config config = {
		.features = 1ull << VIRTIO_RING_F_EVENT_IDX, .size = { RING, RING }, .mtu = 1500, .chain_max = 1,
		.rx_bytes_min = 1518,
	};
	struct card *c = card_new(host_new(1, link));

	card_translate(c, side == BUS_ADDRESSES ? 0 : (1u << c->count) - 1);
	for (unsigned int i = 0; i < c->count; i++) {
		c->vdev[i].space->leaf = 0;
		vdev_start(&c->vdev[i], &config);
	}
	return c;
}

/* A driver that polls: takes back what is used and posts as much again. */
static void refill(struct queue *q, uint32_t len)
{
	while (queue_take_used(q))
		;
	while (q->index == RX ? queue_add_rx(q, 1518, 1) : queue_add_tx(q, len, 1))
		;
	if (q->published == q->added)
		return;
	queue_publish(q);
	queue_maybe_kick(q);
}

static void step(struct card *c, struct vdev *d, unsigned int queue, uint32_t len)
{
	refill(&d->queue[queue], len);
	if (queue == RX)
		while (card_send(c, d->mac, len, 1u << d->index))
			;
}

static void log_swap(struct vdev *d, unsigned int swaps)
{
	const uint32_t bank = VQNIC_AS_BANK_OFFSET + d->space->asid * VQNIC_AS_BANK_STRIDE;
	const uint64_t log = LOG_PLACE + swaps % 2 * 8;

	host_set(d->host, bank + VQNIC_REG_AS_LOG_PAGES, 4, SPACE_END >> 12);
	host_set(d->host, bank + VQNIC_REG_AS_LOG + 4, 4, log >> 32);
	host_set(d->host, bank + VQNIC_REG_AS_LOG, 4, (uint32_t)log | 1);
	space_invalidate_start(d->space);
}

static double cycles_per_packet(const char *name, unsigned int queue, uint32_t len, enum host_side side)
{
	struct pcie_config link = { .round_trip = ROUND_TRIP };
	struct card *c = start(&link, side);
	struct vdev *d = &c->vdev[0];
	uint64_t from_cycle = 0, from = 0;
	double cycles;
	uint8_t *log = host_alloc(LOG_BYTES), *rights = host_alloc(LOG_BYTES);
	unsigned int swaps = 0;

	if (side == LOGGED) {
		memset(rights, HOST_WRITE, LOG_BYTES);
		host_add(c->host, LOG_PLACE, LOG_BYTES, log, rights);
	}
	do {
		step(c, d, queue, len);
		if (side == LOGGED && vqnic_model_cycles(c->host->model) >= (uint64_t)swaps * LOG_SWAP_CYCLES)
			log_swap(d, swaps++);
		host_run(c->host, STEP);
		if (!from && d->queue[queue].used_total >= WARM_UP) {
			from = d->queue[queue].used_total;
			from_cycle = vqnic_model_cycles(c->host->model);
		}
	} while (!from || d->queue[queue].used_total - from < PACKETS);
	cycles = (double)(vqnic_model_cycles(c->host->model) - from_cycle) / (double)(d->queue[queue].used_total - from);
	result(name, cycles, "cycles");
	card_cleanup();
	host_free(log, LOG_BYTES);
	host_free(rights, LOG_BYTES);
	return cycles;
}

/* What the dirty log costs: of cycles for each packet, by what they are without it, and of memory. */
static void cost_of_log(void)
{
	static const struct {
		const char *name, *without, *cost;
		unsigned int queue;
		uint32_t len;
	} kinds[] = {
		{ "rtl_tx_64_log_cycles_per_packet", "rtl_tx_64_iommu_cycles_per_packet",
		  "log_tx_64_cycles_per_packet", TX, 64 },
		{ "rtl_tx_1500_log_cycles_per_packet", "rtl_tx_1500_iommu_cycles_per_packet",
		  "log_tx_1500_cycles_per_packet", TX, 1500 },
		{ "rtl_rx_64_log_cycles_per_packet", "rtl_rx_64_iommu_cycles_per_packet",
		  "log_rx_64_cycles_per_packet", RX, 64 },
		{ "rtl_rx_1500_log_cycles_per_packet", "rtl_rx_1500_iommu_cycles_per_packet",
		  "log_rx_1500_cycles_per_packet", RX, 1500 },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		double without = cycles_per_packet(kinds[i].without, kinds[i].queue, kinds[i].len, TRANSLATED);
		double with = cycles_per_packet(kinds[i].name, kinds[i].queue, kinds[i].len, LOGGED);

		result(kinds[i].cost, with - without, "cycles");
	}
	/* A byte for each page of 4 KiB. */
	result("log_bytes_per_gib", (1 << 30) / 4096, "bytes");
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* All queues busy, ideal link. The clock that counts is that of the wall, without the driver's own time. */
static void cycles_per_second(void)
{
	struct card *c = start(NULL, BUS_ADDRESSES);
	double busy = 0;
	uint64_t cycles = 0;

	c->host->cycle_limit = UINT64_MAX;
	while (busy < SPEED_SECONDS) {
		double from;

		for (unsigned int i = 0; i < c->count; i++) {
			step(c, &c->vdev[i], TX, 1500);
			step(c, &c->vdev[i], RX, 1500);
		}
		from = seconds();
		cycles += host_run(c->host, STEP);
		busy += seconds() - from;
	}
	result("sim_cycles_per_second", (double)cycles / busy, "Hz");
	card_cleanup();
}

static int write_json(const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f) {
		perror(path);
		return 1;
	}
	for (unsigned int i = 0; i < result_count; i++)
		fprintf(f, "%s{\"name\": \"%s\", \"value\": %.1f, \"unit\": \"%s\"}", i ? ",\n " : "[", results[i].name,
			results[i].value, results[i].unit);
	fprintf(f, "]\n");
	if (fclose(f)) {
		perror(path);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "json", required_argument, NULL, 'j' }, { 0 } };
	const char *json = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'j') {
			fprintf(stderr, "usage: %s [--json FILE]\n", argv[0]);
			return 2;
		}
		json = optarg;
	}
	cycles_per_packet("rtl_tx_64_cycles_per_packet", TX, 64, BUS_ADDRESSES);
	cycles_per_packet("rtl_tx_1500_cycles_per_packet", TX, 1500, BUS_ADDRESSES);
	cycles_per_packet("rtl_rx_64_cycles_per_packet", RX, 64, BUS_ADDRESSES);
	cycles_per_packet("rtl_rx_1500_cycles_per_packet", RX, 1500, BUS_ADDRESSES);
	cost_of_log();
	cycles_per_second();
	return json ? write_json(json) : 0;
}
