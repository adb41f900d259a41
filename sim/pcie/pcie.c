// SPDX-License-Identifier: Apache-2.0
/* The PCIe link: see pcie.h. */
#include "pcie.h"

#include <stdlib.h>
#include <string.h>

#include "rng.h"

/* Bytes that wait for a slow link before it takes no more: two full TLPs, so that it never runs dry between two. */
#define BACKLOG_MAX (2 * (PCIE_MAX_PAYLOAD + PCIE_REQUEST_OVERHEAD))

struct read {
	struct read *next;		/* in the order of requests, or in the free list */
	uint64_t addr;
	size_t len;
	size_t beat_bytes;
	size_t taken;			/* bytes that the card has */
	size_t arrived;			/* bytes that the downward link has delivered */
	uint64_t looks;			/* cycle in which it looks at memory */
	uint64_t due;			/* cycle in which its first completion may start on the link */
	uint64_t link_end;		/* link time, bytes, at which the TLP after `arrived` is delivered */
	uint8_t id;
	bool sampled;
	bool on_link;			/* the downward link has given it its time */
	bool error;
	uint8_t data[PCIE_BURST_MAX];
};

struct pcie {
	struct pcie_config config;
	struct pcie_host host;
	void *opaque;
	uint64_t now;
	uint64_t rng;
	uint64_t backlog;		/* upward bytes that are accepted and not yet sent */
	uint64_t down_free;		/* link time, bytes, from which the downward link is free */
	uint64_t next_look;		/* earliest `looks` of the reads that are not sampled */
	uint64_t last_look;
	struct read *first, **end;	/* in flight, oldest first */
	struct read *free;
	struct read reads[PCIE_READS_MAX];
};

static size_t div_up(size_t a, size_t b)
{
	return (a + b - 1) / b;
}

static size_t dwords(size_t len)
{
	return div_up(len, 4) * 4;
}

struct pcie *pcie_new(const struct pcie_config *config, const struct pcie_host *host, void *opaque)
{
	struct pcie *p = malloc(sizeof(*p));

	if (!p)
		return NULL;
	p->config = *config;
	p->host = *host;
	p->opaque = opaque;
	p->now = 0;
	p->rng = config->seed;
	pcie_reset(p);
	return p;
}

void pcie_free(struct pcie *p)
{
	free(p);
}

void pcie_reset(struct pcie *p)
{
	p->backlog = 0;
	p->down_free = 0;
	p->next_look = UINT64_MAX;
	p->last_look = 0;
	p->first = NULL;
	p->end = &p->first;
	p->free = NULL;
	for (size_t i = PCIE_READS_MAX; i-- > 0; ) {
		p->reads[i].next = p->free;
		p->free = &p->reads[i];
	}
}

/* Length of the completion TLP that starts at byte `at` of the read: they end at multiples of PCIE_MAX_PAYLOAD. */
static size_t completion_len(const struct read *r, size_t at)
{
	size_t to_boundary = PCIE_MAX_PAYLOAD - (r->addr + at) % PCIE_MAX_PAYLOAD;

	return to_boundary < r->len - at ? to_boundary : r->len - at;
}

static uint64_t completion_cost(const struct read *r, size_t at)
{
	return PCIE_COMPLETION_OVERHEAD + dwords(completion_len(r, at));
}

/* A read whose data is due gets its place on the downward link, behind those that were due before. */
static void put_on_link(struct pcie *p, struct read *r)
{
	uint64_t start = r->due * p->config.bytes_per_cycle_down;

	if (start < p->down_free)
		start = p->down_free;
	r->link_end = start + completion_cost(r, 0);
	for (size_t at = 0; at < r->len; at += completion_len(r, at))
		start += completion_cost(r, at);
	p->down_free = start;
	r->on_link = true;
}

static void update_arrived(const struct pcie *p, struct read *r)
{
	uint64_t link_now = p->now * p->config.bytes_per_cycle_down;

	while (r->arrived < r->len && r->link_end <= link_now) {
		r->arrived += completion_len(r, r->arrived);
		if (r->arrived < r->len)
			r->link_end += completion_cost(r, r->arrived);
	}
}

void pcie_tick(struct pcie *p)
{
	p->now++;
	p->backlog -= p->backlog < p->config.bytes_per_cycle_up ? p->backlog : p->config.bytes_per_cycle_up;
	if (!p->first)
		return;

	if (p->next_look <= p->now) {
		p->next_look = UINT64_MAX;
		for (struct read *r = p->first; r; r = r->next) {
			if (r->sampled)
				continue;
			if (r->looks > p->now) {
				if (r->looks < p->next_look)
					p->next_look = r->looks;
				continue;
			}
			r->sampled = true;
			r->error = p->host.read(p->opaque, r->addr, r->data, r->len) != 0;
			if (r->error)
				memset(r->data, 0, r->len);
		}
	}

	for (struct read *r = p->first; r; r = r->next) {
		if (!r->sampled || r->arrived == r->len || r->due > p->now)
			continue;
		if (!p->config.bytes_per_cycle_down) {
			r->arrived = r->len;
			continue;
		}
		if (!r->on_link)
			put_on_link(p, r);
		update_arrived(p, r);
	}
}

bool pcie_stalled(struct pcie *p)
{
	return p->config.stall && rng_chance(&p->rng, p->config.stall);
}

bool pcie_can_write(const struct pcie *p)
{
	return p->backlog < BACKLOG_MAX;
}

bool pcie_can_read(const struct pcie *p)
{
	return p->free && pcie_can_write(p);
}

static void charge_up(struct pcie *p, size_t bytes)
{
	if (p->config.bytes_per_cycle_up)
		p->backlog += bytes;
}

int pcie_write(struct pcie *p, uint64_t addr, const uint8_t *data, const uint8_t *strobe, size_t len)
{
	size_t begin, end;

	for (begin = 0; begin < len; begin = end) {
		int err;

		while (begin < len && strobe && !strobe[begin])
			begin++;
		for (end = begin; end < len && (!strobe || strobe[end]); end++)
			;
		if (begin == end)
			break;
		charge_up(p, div_up(end - begin, PCIE_MAX_PAYLOAD) * PCIE_REQUEST_OVERHEAD + dwords(end - begin));
		err = p->host.write(p->opaque, addr + begin, data + begin, end - begin);
		if (err)
			return err;
	}
	return 0;
}

void pcie_msix(struct pcie *p, unsigned int vector)
{
	charge_up(p, PCIE_REQUEST_OVERHEAD + sizeof(uint32_t));
	p->host.msix(p->opaque, vector);
}

void pcie_read(struct pcie *p, uint8_t id, uint64_t addr, size_t len, size_t beat_bytes)
{
	struct read *r = p->free;
	uint64_t looks;

	charge_up(p, div_up(len, PCIE_MAX_READ_REQUEST) * PCIE_REQUEST_OVERHEAD);
	looks = p->now + 1;
	if (p->config.bytes_per_cycle_up)
		looks += p->backlog / p->config.bytes_per_cycle_up;
	if (p->config.jitter)
		looks += rng_range(&p->rng, 0, p->config.jitter);
	if (!p->config.reorder && looks < p->last_look)
		looks = p->last_look;
	p->last_look = looks;
	if (looks < p->next_look)
		p->next_look = looks;

	p->free = r->next;
	r->next = NULL;
	r->addr = addr;
	r->len = len;
	r->beat_bytes = beat_bytes;
	r->taken = 0;
	r->arrived = 0;
	r->looks = looks;
	r->due = looks + (p->config.round_trip ? p->config.round_trip - 1 : 0);
	r->id = id;
	r->sampled = false;
	r->on_link = false;
	r->error = false;
	*p->end = r;
	p->end = &r->next;
}

static size_t beat_len(const struct read *r)
{
	size_t to_boundary = r->beat_bytes - (r->addr + r->taken) % r->beat_bytes;

	return to_boundary < r->len - r->taken ? to_boundary : r->len - r->taken;
}

static bool beat_arrived(const struct read *r)
{
	return r->taken < r->arrived && r->taken + beat_len(r) <= r->arrived;
}

/* The read whose beat is next: the oldest one, or with reordering any one that is the oldest of its ID. */
static struct read **choose(struct pcie *p)
{
	uint64_t seen[256 / 64] = { 0 };
	struct read **chosen = NULL;
	unsigned int candidates = 0;

	if (!p->config.reorder)
		return p->first && beat_arrived(p->first) ? &p->first : NULL;
	for (struct read **at = &p->first; *at; at = &(*at)->next) {
		uint64_t bit = 1ull << ((*at)->id % 64);

		if (seen[(*at)->id / 64] & bit)
			continue;
		seen[(*at)->id / 64] |= bit;
		if (beat_arrived(*at) && rng_range(&p->rng, 0, candidates++) == 0)
			chosen = at;
	}
	return chosen;
}

bool pcie_take(struct pcie *p, struct pcie_beat *beat)
{
	struct read **at = choose(p), *r;

	if (!at)
		return false;
	r = *at;
	beat->id = r->id;
	beat->addr = r->addr + r->taken;
	beat->len = beat_len(r);
	beat->data = r->data + r->taken;
	beat->error = r->error;
	r->taken += beat->len;
	beat->last = r->taken == r->len;
	if (beat->last) {
		*at = r->next;
		if (!r->next)
			p->end = at;
		r->next = p->free;
		p->free = r;
	}
	return true;
}

bool pcie_idle(const struct pcie *p)
{
	return !p->first;
}
