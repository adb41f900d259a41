// SPDX-License-Identifier: Apache-2.0
/*
 * Dirty logs: a model that sees each of the card's writes knows which pages must be in which log, while the logs are
 * swapped and cleared under traffic as a driver does it that moves a guest.
 *
 * A byte of a log exists only once the card has written to its page, so that a mark for any other page goes nowhere and
 * fails the test.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "test.h"

#define NO_VDEV CARD_VDEVS
#define DRAIN 100000
#define PAGE_SHIFT 12
#define BUCKETS 4096
/* Logs lie where no other memory is, so far from each other. */
#define LOG_PLACE (1ull << 60)
#define LOG_STRIDE (1ull << 40)
#define INVALIDATE_CYCLES 30000
#define OFF (-1)

static const struct vdev_config plain = {
	.features = 1ull << VIRTIO_RING_F_EVENT_IDX, .size = { 64, 64 }, .mtu = 1500, .chain_max = 4,
	.rx_bytes_min = 1518,
};

struct page {
	struct page *next;
	uint64_t number;
	uint64_t written;		/* when last */
	uint64_t unsaved;		/* when first since its content was last saved, 0: not at all */
	bool marked[2];			/* its byte of each log is set */
	uint8_t byte[2], rights[2];
};

/* One address space and its two logs. */
struct dirty {
	struct model *model;
	struct space *space;
	uint32_t log_pages;
	uint64_t log[2];		/* bus addresses */
	int current;			/* which of them, or OFF */
	bool closed[2];			/* the card may not write it any more */
	uint64_t swapped[2];		/* when the last and the one before were invalidated */
	unsigned int harvested;		/* marks */
	struct page *pages[BUCKETS];
};

struct model {
	struct card *card;
	struct dirty dirty[CARD_VDEVS];
	uint64_t now;			/* goes on with each write of the card */
	uint64_t data_writes, marks, beyond;
	void (*driver_on_write)(void *listener, const uint8_t *memory, size_t len);
	void (*driver_on_tx)(void *listener, const uint8_t *frame, size_t len);
};

static struct model *current;

/* ---- what the card does ---- */

static struct page *page_find(struct dirty *d, uint64_t number)
{
	struct page *p = d->pages[number % BUCKETS];

	while (p && p->number != number)
		p = p->next;
	return p;
}

static struct page *page_get(struct dirty *d, uint64_t number)
{
	struct page *p = page_find(d, number);

	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p) {
		fprintf(stderr, "out of memory\n");
		exit(1);
	}
	p->number = number;
	p->next = d->pages[number % BUCKETS];
	d->pages[number % BUCKETS] = p;
	for (unsigned int k = 0; k < 2 && number < d->log_pages; k++) {
		p->rights[k] = HOST_WRITE;
		host_add(d->model->card->host, d->log[k] + number, 1, &p->byte[k], &p->rights[k]);
	}
	return p;
}

static bool log_written(struct dirty *d, const uint8_t *memory, uint64_t addr, size_t len)
{
	struct host *h = d->model->card->host;

	for (unsigned int k = 0; k < 2; k++) {
		uint64_t number = addr - d->log[k];
		struct page *p;

		if (number > UINT32_MAX)
			continue;
		p = page_find(d, number);
		if (!p || len != 1 || *memory != 1)
			host_fail(h, "address space %u: log write of %zu bytes for page 0x%" PRIx64, d->space->asid,
				  len, number);
		else if (d->closed[k])
			host_fail(h, "address space %u: page 0x%" PRIx64 " comes too late into log %u", d->space->asid,
				  number, k);
		else
			p->marked[k] = true;
		d->model->marks++;
		return true;
	}
	return false;
}

/* Whose memory it is, and where it is there. One address space at most is AS_IDENTITY. */
static struct dirty *owner(struct model *m, const uint8_t *memory, uint64_t *addr)
{
	struct dirty *identity = NULL;

	for (unsigned int i = 0; i < m->card->count; i++) {
		if (m->dirty[i].space->asid == VQNIC_AS_IDENTITY)
			identity = &m->dirty[i];
		else if (space_find(m->dirty[i].space, memory, addr))
			return &m->dirty[i];
	}
	return identity;
}

static void data_written(struct dirty *d, uint64_t addr)
{
	struct page *p = page_get(d, addr >> PAGE_SHIFT);

	p->written = d->model->now;
	if (p->number >= d->log_pages)
		d->model->beyond++;
	else if (d->current != OFF && !p->unsaved)
		p->unsaved = d->model->now;
	d->model->data_writes++;
}

static bool lost(const struct page *p)
{
	return p->unsaved && !p->marked[0] && !p->marked[1];
}

/* The used index moves: all that was written to the queue's buffers before must be in a log. */
static void used_index_moves(struct dirty *d, const struct queue *q)
{
	uint64_t end = q->buffers + (uint64_t)q->size * QUEUE_BUFFER_BYTES - 1;

	for (uint64_t number = q->buffers >> PAGE_SHIFT; number <= end >> PAGE_SHIFT; number++) {
		const struct page *p = page_find(d, number);

		if (p && lost(p))
			host_fail(d->model->card->host, "vdev %u: page 0x%" PRIx64 " is in no log when the used index moves",
				  q->dev->index, number);
	}
}

static void on_write(void *listener, const uint8_t *memory, size_t len)
{
	struct model *m = listener;
	uint64_t addr = m->card->host->write_addr;
	struct dirty *d;

	m->now++;
	for (unsigned int i = 0; i < m->card->count; i++)
		if (log_written(&m->dirty[i], memory, addr, len))
			return;
	for (unsigned int i = 0; i < m->card->count; i++) {
		const struct queue *q = &m->card->vdev[i].queue[RX];

		if (q->used && memory == (const uint8_t *)&q->used[1])
			used_index_moves(&m->dirty[i], q);
	}
	d = owner(m, memory, &addr);
	if (d)
		data_written(d, addr);
	m->driver_on_write(m->card, memory, len);
}

static void on_tx(void *listener, const uint8_t *frame, size_t len)
{
	struct model *m = listener;

	m->driver_on_tx(m->card, frame, len);
}

/* ---- set-up ---- */

static void cleanup(void)
{
	for (unsigned int i = 0; current && i < CARD_VDEVS; i++) {
		for (unsigned int k = 0; k < BUCKETS; k++) {
			for (struct page *p = current->dirty[i].pages[k], *next; p; p = next) {
				next = p->next;
				free(p);
			}
		}
	}
	free(current);
	current = NULL;
	card_cleanup();
}

/* Some memory that the card writes. */
static uint64_t some_addr(struct vdev *d)
{
	const struct queue *q = &d->queue[RX];

	if (host_chance(d->host, 30))
		return q->used_addr;
	return q->buffers + host_random(d->host, 0, (uint64_t)q->size * QUEUE_BUFFER_BYTES - 1);
}

/*
 * Puts the model between the card and the driver of vdevs that are started, but have no traffic yet. The first address
 * space has logs that end in the middle of its memory, if `short_logs`.
 */
static struct model *model_new(struct card *c, bool short_logs)
{
	struct host *h = c->host;
	struct model *m = calloc(1, sizeof(*m));

	if (!m) {
		fprintf(stderr, "out of memory\n");
		exit(1);
	}
	current = m;
	m->card = c;
	m->now = 1;
	for (unsigned int i = 0; i < c->count; i++) {
		struct dirty *d = &m->dirty[i];
		uint64_t edge = (some_addr(&c->vdev[i]) >> PAGE_SHIFT) + host_random(h, 0, 1);

		d->model = m;
		d->space = c->vdev[i].space;
		d->current = OFF;
		d->closed[0] = true;
		d->closed[1] = true;
		d->log_pages = short_logs && edge < UINT32_MAX ? (uint32_t)edge : UINT32_MAX;
		for (unsigned int k = 0; k < 2; k++)
			d->log[k] = LOG_PLACE + (2 * i + k) * LOG_STRIDE + 8 * host_random(h, 0, 1ull << 30);
	}
	m->driver_on_write = h->on_write;
	m->driver_on_tx = h->on_tx;
	h->on_write = on_write;
	h->on_tx = on_tx;
	h->listener = m;
	return m;
}

/* All vdevs but one have address spaces of their own; that one, if there is it, has AS_IDENTITY. */
static struct card *card_on_random_link(uint64_t seed, unsigned int identity)
{
	uint64_t rng = seed;
	struct pcie_config link = host_random_link(&rng);
	struct card *c = card_new(host_new(rng, &link));

	card_translate(c, ((1u << c->count) - 1) & ~(1u << identity));
	card_random_stalls(c);
	return c;
}

/* ---- what a driver does ---- */

static uint32_t as_reg(const struct dirty *d, uint32_t offset)
{
	return VQNIC_AS_BANK_OFFSET + d->space->asid * VQNIC_AS_BANK_STRIDE + offset;
}

static void write_log(struct dirty *d, uint64_t value)
{
	struct host *h = d->model->card->host;

	host_set(h, as_reg(d, VQNIC_REG_AS_LOG) + 4, 4, value >> 32);
	host_set(h, as_reg(d, VQNIC_REG_AS_LOG), 4, (uint32_t)value);
}

/* After it, what the card has written is in the log of then, or in the next one. */
static void invalidate(struct dirty *d)
{
	struct card *c = d->model->card;
	uint64_t from = vqnic_model_cycles(c->host->model), before = d->model->now;

	space_invalidate_start(d->space);
	while (space_invalidating(d->space)) {
		if (host_chance(c->host, 50))
			card_step(c);
		test_check(vqnic_model_cycles(c->host->model) - from < INVALIDATE_CYCLES, "invalidation never ends");
	}
	for (unsigned int k = 0; k < BUCKETS; k++)
		for (const struct page *p = d->pages[k]; p; p = p->next)
			test_check(!lost(p) || p->unsaved > before, "address space %u: page 0x%" PRIx64 " is in no log",
				   d->space->asid, p->number);
}

/* Reads and clears a log. Nothing writes it any more, and what its pages hold now is saved. */
static void harvest(struct dirty *d, unsigned int log, uint64_t since)
{
	for (unsigned int k = 0; k < BUCKETS; k++) {
		for (struct page *p = d->pages[k]; p; p = p->next) {
			test_equal(p->byte[log], p->marked[log], "byte of page 0x%" PRIx64, p->number);
			if (!p->marked[log])
				continue;
			test_check(p->written >= since, "address space %u: page 0x%" PRIx64 " is in log %u without cause",
				   d->space->asid, p->number, log);
			p->byte[log] = 0;
			p->marked[log] = false;
			p->unsaved = 0;
			d->harvested++;
		}
	}
}

static void log_start(struct dirty *d, unsigned int log)
{
	host_set(d->model->card->host, as_reg(d, VQNIC_REG_AS_LOG_PAGES), 4, d->log_pages);
	d->closed[log] = false;
	write_log(d, d->log[log] | 1);
	d->current = (int)log;
	d->swapped[0] = 0;
	d->swapped[1] = 0;
}

static void log_swap(struct dirty *d)
{
	unsigned int old = (unsigned int)d->current;
	uint64_t since = d->swapped[1];

	d->closed[!old] = false;
	write_log(d, d->log[!old] | 1);
	d->current = !old;
	d->swapped[1] = d->swapped[0];
	d->swapped[0] = d->model->now;
	invalidate(d);
	d->closed[old] = true;
	harvest(d, old, since);
}

/* With one log: what was read and cleared is saved when the invalidation has ended. */
static void log_clear(struct dirty *d)
{
	unsigned int log = (unsigned int)d->current;
	static struct page *cleared[BUCKETS * 4];
	unsigned int count = 0;

	for (unsigned int k = 0; k < BUCKETS; k++) {
		for (struct page *p = d->pages[k]; p; p = p->next) {
			if (!p->marked[log] || count == sizeof(cleared) / sizeof(cleared[0]) ||
			    host_chance(d->model->card->host, 20))
				continue;
			p->byte[log] = 0;
			cleared[count++] = p;
		}
	}
	/* Until then a cleared page counts as one that is in the log. */
	invalidate(d);
	for (unsigned int i = 0; i < count; i++) {
		cleared[i]->marked[log] = cleared[i]->byte[log];
		cleared[i]->unsaved = 0;
		d->harvested++;
	}
}

static void log_stop(struct dirty *d)
{
	unsigned int old = (unsigned int)d->current;

	/* Who stops it has no use for what is written from here on. */
	d->current = OFF;
	for (unsigned int k = 0; k < BUCKETS; k++)
		for (struct page *p = d->pages[k]; p; p = p->next)
			p->unsaved = 0;
	write_log(d, d->log[old]);
	invalidate(d);
	d->closed[old] = true;
	harvest(d, old, 0);
}

static void settle(struct card *c)
{
	while (card_busy(c))
		card_step(c);
	card_settle(c);
}

/* Traffic, and logs that are swapped, cleared, stopped and started all the time: no page is missing, none too many. */
static void test_random(uint64_t seed)
{
	struct card *c = card_on_random_link(seed, (unsigned int)(seed % (CARD_VDEVS + 1)));
	struct host *h = c->host;
	struct model *m;
	unsigned int harvested = 0;

	for (unsigned int i = 0; i < c->count; i++) {
		struct vdev_config config = vdev_random_config(h);

		if (host_chance(h, 50))
			config.size[RX] = (uint16_t)(1u << host_random(h, 1, 5));
		vdev_start(&c->vdev[i], &config);
	}
	host_drain(h, DRAIN);
	m = model_new(c, host_chance(h, 50));
	for (unsigned int n = 0; n < 120; n++) {
		struct dirty *d = &m->dirty[host_random(h, 0, c->count - 1)];

		if (!card_busy(c))
			card_start_traffic(c, 20);
		for (uint64_t steps = host_random(h, 0, 8); steps; steps--)
			card_step(c);
		if (d->current == OFF)
			log_start(d, (unsigned int)host_random(h, 0, 1));
		else if (host_chance(h, 5))
			log_stop(d);
		else if (host_chance(h, 30))
			log_clear(d);
		else
			log_swap(d);
	}
	settle(c);
	for (unsigned int i = 0; i < c->count; i++) {
		struct dirty *d = &m->dirty[i];

		for (unsigned int k = 0; k < 2 && d->current != OFF; k++)
			log_swap(d);
		for (unsigned int k = 0; k < BUCKETS; k++)
			for (const struct page *p = d->pages[k]; p; p = p->next)
				test_check(!p->unsaved, "page 0x%" PRIx64 " was in no log", p->number);
		harvested += d->harvested;
		test_equal(c->vdev[i].tx_wire_seq, c->vdev[i].tx_seq, "vdev %u: frames that left", i);
	}
	test_check(harvested, "no page was logged");
	card_check_counters(c);
}

/* One frame into the only receive buffer that there is. */
static void receive(struct card *c, struct vdev *d)
{
	struct queue *q = &d->queue[RX];

	while (queue_take_used(q))
		;
	test_check(queue_add_rx(q, 1518, 1), "no descriptor");
	queue_publish(q);
	test_check(card_send(c, d->mac, 100, 1u << d->index), "not sent");
	host_drain(c->host, DRAIN);
	test_equal(q->seen, q->published, "frames received");
}

/* Pages that stay the same are logged once, and again after AS_INVALIDATE or AS_LOG was written. */
static void test_filter(uint64_t seed)
{
	struct vdev_config config = plain;
	struct card *c = card_on_random_link(seed, NO_VDEV);
	struct vdev *v = &c->vdev[seed % c->count];
	struct model *m;
	struct dirty *d;
	uint64_t marks;

	config.size[RX] = 2;
	for (unsigned int i = 0; i < c->count; i++)
		vdev_start(&c->vdev[i], &config);
	host_drain(c->host, DRAIN);
	m = model_new(c, false);
	d = &m->dirty[v->index];
	log_start(d, 0);
	for (unsigned int i = 0; i < 8; i++)
		receive(c, v);
	marks = m->marks;
	for (unsigned int i = 0; i < 40; i++)
		receive(c, v);
	test_check(m->marks - marks <= 40, "%" PRIu64 " marks for %" PRIu64 " writes", m->marks - marks, m->data_writes);
	for (unsigned int i = 0; i < 10; i++) {
		marks = m->marks;
		switch (host_random(c->host, 0, 2)) {
		case 0:
			log_swap(d);
			break;
		case 1:
			log_start(d, !d->current);
			break;
		default:
			/* Another address space's log is another matter. */
			log_start(&m->dirty[(v->index + 1) % c->count], i % 2);
			log_clear(d);
			break;
		}
		receive(c, v);
		test_check(m->marks > marks, "nothing was logged again");
		for (unsigned int k = 0; k < BUCKETS; k++)
			for (const struct page *p = d->pages[k]; p; p = p->next)
				test_check(!lost(p), "page 0x%" PRIx64 " is in no log", p->number);
	}
}

/* A log that cannot be written stops the queue whose write it should have told of, and no other address space's. */
static void test_error(uint64_t seed)
{
	struct vdev_config config = plain;
	struct card *c = card_on_random_link(seed, NO_VDEV);
	struct host *h = c->host;
	struct vdev *v = &c->vdev[seed % c->count], *other = &c->vdev[(seed + 1) % c->count];
	struct queue *q = &v->queue[RX];
	struct model *m;
	struct dirty *d;
	struct page *p;
	unsigned int polls = 0;

	config.features = 0;
	for (unsigned int i = 0; i < c->count; i++)
		vdev_start(&c->vdev[i], &config);
	host_drain(h, DRAIN);
	m = model_new(c, false);
	d = &m->dirty[v->index];
	log_start(d, 0);
	log_start(&m->dirty[other->index], 0);
	receive(c, v);

	p = page_get(d, (q->used_addr + 12) >> PAGE_SHIFT);
	p->rights[0] |= HOST_FAULT;
	p->marked[0] = false;
	p->unsaved = 0;
	space_invalidate(v->space);
	test_check(queue_add_rx(q, 1518, 1), "no descriptor");
	queue_publish(q);
	test_check(card_send(c, v->mac, 100, 0), "not sent");
	host_drain(h, DRAIN);
	test_equal(queue_get(q, VQNIC_REG_QUEUE_FAULT, 1), VQNIC_FAULT_DMA_WRITE, "fault");
	test_equal(queue_get(q, VQNIC_REG_QUEUE_FAULT_INFO, 8), d->log[0] + p->number, "fault info");
	other->tx_quota = 20;
	other->rx_posting = true;
	c->pause = 100;
	settle(c);
	vdev_check_no_loss(other);

	/* Nothing that failed is taken for logged. */
	p->rights[0] &= (uint8_t)~HOST_FAULT;
	p->unsaved = 0;
	queue_set(q, VQNIC_REG_QUEUE_RESET, 2, 1);
	while (queue_get(q, VQNIC_REG_QUEUE_RESET, 2))
		test_check(++polls < 1000, "reset never ends");
	queue_enable(q);
	test_check(card_send(c, v->mac, 100, 1u << v->index), "not sent");
	host_drain(h, DRAIN);
	test_equal(q->seen, q->published, "frames received");
	test_equal(p->byte[0], 1, "byte of the used ring");
}

/* Runs the same traffic with and without a log of an address space that nobody uses. Returns the cycles. */
static uint64_t cycles_of_traffic(uint64_t seed, unsigned int on)
{
	struct card *c = card_on_random_link(seed, NO_VDEV);
	struct dirty unused = { .model = &(struct model){ .card = c }, .space = space_new(c->host, 0, 0) };
	uint64_t cycles;

	for (unsigned int i = 0; i < c->count; i++)
		vdev_start(&c->vdev[i], &plain);
	write_log(&unused, LOG_PLACE | on);
	host_set(c->host, as_reg(&unused, VQNIC_REG_AS_LOG_PAGES), 4, UINT32_MAX);
	space_free(unused.space);
	card_start_traffic(c, 20);
	settle(c);
	cycles = vqnic_model_cycles(c->host->model);
	card_cleanup();
	return cycles;
}

/* A log costs whom it is for, to the cycle. */
static void test_free(uint64_t seed)
{
	test_equal(cycles_of_traffic(seed, 1), cycles_of_traffic(seed, 0), "cycles with another's log");
}

static const struct test tests[] = {
	{ "random", test_random, 12 },
	{ "filter", test_filter, 4 },
	{ "error", test_error, 4 },
	{ "free", test_free, 2 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]), cleanup);
}
