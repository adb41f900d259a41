// SPDX-License-Identifier: Apache-2.0
/*
 * What happens besides data: notifications that are not wanted, the idle card, resets in the midst of traffic, the
 * link, frames that are to be dropped.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver.h"
#include "test.h"

#define EVENT_IDX (1ull << VIRTIO_RING_F_EVENT_IDX)
#define ALL_VDEVS (~0u)
#define DRAIN 100000
#define DRIVER_OK (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK | \
		   VIRTIO_CONFIG_S_DRIVER_OK)

static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static struct vdev_config plain_config(uint64_t features)
{
	return (struct vdev_config){
		.features = features, .size = { 256, 256 }, .mtu = 1500, .chain_max = 4, .rx_bytes_min = 1518,
	};
}

/* A card with a random link and all vdevs running with the plain configuration. */
static struct card *start(uint64_t seed, uint64_t features)
{
	struct vdev_config config = plain_config(features);
	uint64_t rng = seed;
	struct pcie_config link = host_random_link(&rng);
	struct card *c = card_new(host_new(rng, &link));

	for (unsigned int i = 0; i < c->count; i++)
		vdev_start(&c->vdev[i], &config);
	return c;
}

static void post_tx(struct vdev *d, unsigned int frames)
{
	while (frames--)
		test_check(queue_add_tx(&d->queue[TX], 60, 1), "no descriptor");
	queue_publish(&d->queue[TX]);
}

/* used_event (EVENT_IDX): one interrupt, as the used index passes it. */
static void test_used_event(uint64_t seed)
{
	struct card *c = start(seed, EVENT_IDX);
	struct host *h = c->host;
	struct vdev *d = &c->vdev[seed % c->count];
	struct queue *q = &d->queue[TX];

	host_drain(h, DRAIN);
	for (unsigned int i = 0; i < 20; i++) {
		unsigned int frames = (unsigned int)host_random(h, 1, 12), after = (unsigned int)host_random(h, 0, 12);
		unsigned int before = h->msix_seen[q->vector];

		*queue_used_event(q) = (uint16_t)(q->done + after);
		post_tx(d, frames);
		queue_kick(q);
		host_drain(h, DRAIN);
		test_equal(q->seen, q->published, "all sent");
		test_equal(h->msix_seen[q->vector] - before, after < frames, "%u frames, used_event %u ahead", frames,
			   after);
		while (queue_take_used(q))
			;
	}
}

/* VIRTQ_AVAIL_F_NO_INTERRUPT without EVENT_IDX. */
static void test_no_interrupt(uint64_t seed)
{
	struct card *c = start(seed, 0);
	struct host *h = c->host;
	struct vdev *d = &c->vdev[seed % c->count];
	struct queue *q = &d->queue[TX];

	for (unsigned int i = 0; i < 10; i++) {
		unsigned int before = h->msix_seen[q->vector];

		q->avail[0] = i % 2 ? VRING_AVAIL_F_NO_INTERRUPT : 0;
		post_tx(d, 3);
		queue_kick(q);
		host_drain(h, DRAIN);
		if (i % 2)
			test_equal(h->msix_seen[q->vector] - before, 0, "interrupts not wanted");
		else
			test_check(h->msix_seen[q->vector] > before, "no interrupt");
		while (queue_take_used(q))
			;
	}
}

/* No vector, no message; the ring goes on. */
static void test_no_vector(uint64_t seed)
{
	struct card *c = start(seed, 0);
	struct host *h = c->host;
	struct vdev *d = &c->vdev[seed % c->count];
	unsigned int before = 0, after = 0;

	for (unsigned int i = 0; i < VQNIC_MSIX_VECTOR_COUNT; i++)
		before += h->msix_seen[i];
	queue_set(&d->queue[TX], VQNIC_REG_QUEUE_MSIX_VECTOR, 2, VQNIC_NO_VECTOR);
	post_tx(d, 5);
	queue_kick(&d->queue[TX]);
	host_drain(h, DRAIN);
	test_equal(d->queue[TX].seen, d->queue[TX].published, "all sent");
	for (unsigned int i = 0; i < VQNIC_MSIX_VECTOR_COUNT; i++)
		after += h->msix_seen[i];
	test_equal(after, before, "messages");
	test_equal(vdev_get(d, VQNIC_REG_INTERRUPTS, 8), h->msix_seen[d->config_vector], "counted messages");
}

/* While the card serves a queue it asks for no kicks; when it stops looking, it asks for the next one. */
static void test_avail_event(uint64_t seed)
{
	struct card *c = start(seed, EVENT_IDX);
	struct host *h = c->host;
	struct vdev *d = &c->vdev[seed % c->count];
	struct queue *q = &d->queue[TX];

	for (unsigned int i = 0; i < 20; i++) {
		unsigned int kicks = q->kicks;

		post_tx(d, 8);
		queue_maybe_kick(q);
		test_equal(q->kicks - kicks, 1, "kicks that an idle card asks for");
		host_run(h, host_random(h, 1, 100));
		post_tx(d, 8);
		queue_maybe_kick(q);
		host_drain(h, DRAIN);
		test_equal(q->seen, q->published, "all sent");
		while (queue_take_used(q))
			;
	}
}

/* Frames of 60 bytes for the vdev, one right behind the other. */
static void flood(struct card *c, struct vdev *d, unsigned int frames)
{
	while (frames)
		if (card_send(c, d->mac, 60, 1u << d->index))
			frames--;
		else
			host_run(c->host, 1);
}

/*
 * A receive queue without buffers is looked at once and asks for a kick; until then frames for it, which are lost, take
 * few cycles, however long a read of memory does. Of those after the kick none is lost.
 */
static void test_empty(uint64_t seed)
{
	struct card *c = start(seed, seed % 2 ? EVENT_IDX : 0);
	struct host *h = c->host;
	struct vdev *d = &c->vdev[seed % c->count];
	struct queue *q = &d->queue[RX];
	const unsigned int frames = 100;

	host_drain(h, DRAIN);
	for (unsigned int i = 0; i < 10; i++) {
		uint64_t received = d->rx_frames, start;
		unsigned int kicks = q->kicks;

		test_check(card_send(c, d->mac, 60, 1u << d->index), "the wire takes no frame");
		host_drain(h, DRAIN);
		start = vqnic_model_cycles(h->model);
		flood(c, d, frames);
		host_drain(h, DRAIN);
		test_check(vqnic_model_cycles(h->model) - start < frames * 40, "%u lost frames take %" PRIu64 " cycles",
			   frames, vqnic_model_cycles(h->model) - start);
		test_equal(d->rx_frames, received, "received");

		queue_add_rx(q, 100, 1);
		queue_publish(q);
		queue_maybe_kick(q);
		test_equal(q->kicks - kicks, 1, "kicks that an empty queue asks for");
		test_check(card_send(c, d->mac, 60, 1u << d->index), "the wire takes no frame");
		host_drain(h, DRAIN);
		test_equal(d->rx_frames, received + 1, "received");
		while (queue_take_used(q))
			;
	}
	card_check_counters(c);
}

/* A kick in whatever cycle, while frames for the empty queue are being lost: the buffer is found. */
static void test_empty_kick(uint64_t seed)
{
	struct card *c = start(seed, seed % 2 ? EVENT_IDX : 0);
	struct host *h = c->host;
	struct vdev *d = &c->vdev[seed % c->count];
	struct queue *q = &d->queue[RX];

	host_drain(h, DRAIN);
	for (unsigned int i = 0; i < 200; i++) {
		uint64_t received = d->rx_frames;

		flood(c, d, 10);
		host_run(h, i % 100);
		queue_add_rx(q, 100, 1);
		queue_publish(q);
		queue_kick(q);
		host_drain(h, DRAIN);
		test_check(card_send(c, d->mac, 60, 1u << d->index), "the wire takes no frame");
		host_drain(h, DRAIN);
		test_equal(d->rx_frames, received + 1, "received, kicked %u cycles after the frames", i % 100);
		while (queue_take_used(q))
			;
	}
	card_check_counters(c);
}

/* Ring, kick, idle, again and again: the card falls idle each time, and no kick is lost around that. */
static void test_idle(uint64_t seed)
{
	struct card *c = start(seed, seed % 2 ? EVENT_IDX : 0);
	struct host *h = c->host;

	host_drain(h, DRAIN);
	for (unsigned int i = 0; i < 100; i++) {
		struct vdev *d = &c->vdev[host_random(h, 0, c->count - 1)];
		uint64_t cycles;

		if (host_chance(h, 50)) {
			post_tx(d, 1);
			queue_maybe_kick(&d->queue[TX]);
			/* A second one while the card is about to fall idle after the first. */
			if (host_chance(h, 70)) {
				host_run(h, host_random(h, 1, 900));
				post_tx(d, 1);
				queue_maybe_kick(&d->queue[TX]);
			}
			host_drain(h, DRAIN);
			test_equal(d->queue[TX].seen, d->queue[TX].published, "all sent");
		} else {
			uint64_t received = d->rx_frames;

			queue_add_rx(&d->queue[RX], 100, 1);
			queue_publish(&d->queue[RX]);
			queue_maybe_kick(&d->queue[RX]);
			host_run(h, host_random(h, 0, 100));
			test_check(card_send(c, d->mac, 60, 1u << d->index), "the wire takes no frame");
			host_drain(h, DRAIN);
			test_equal(d->rx_frames, received + 1, "received");
		}
		for (unsigned int k = 0; k < 2; k++)
			while (queue_take_used(&d->queue[k]))
				;
		*queue_used_event(&d->queue[TX]) = d->queue[TX].done;
		cycles = vqnic_model_cycles(h->model);
		test_equal(host_run(h, 1000), 0, "cycles of an idle card");
		test_equal(vqnic_model_cycles(h->model), cycles, "clock of an idle card");
	}
	card_check_counters(c);
}

enum victim { QUEUE_RESET, VDEV_RESET, VDEV_DISABLE, CARD_RESET, PIN_RESET };

static void card_forget(struct card *c)
{
	struct host *h = c->host;

	for (unsigned int i = 0; i < c->count; i++) {
		struct vdev *d = &c->vdev[i];

		queue_forget(&d->queue[RX]);
		queue_forget(&d->queue[TX]);
		d->tx_wire_seq = d->tx_seq;
		d->tx_frames = d->tx_bytes = d->rx_frames = d->rx_bytes = d->rx_skipped = 0;
		d->rx_head = d->rx_tail;
	}
	c->wire_rx_frames = c->wire_rx_bytes = c->wire_tx_frames = c->wire_tx_bytes = 0;
	memset(h->msix_seen, 0, sizeof(h->msix_seen));
	memset(h->msix_pending, 0, sizeof(h->msix_pending));
}

/* Writes the reset bit and waits. Frames that the wire has not taken come in after it, into a card that drops them. */
static void reset_card(struct card *c)
{
	struct host *h = c->host;
	unsigned int polls = 0;

	host_set(h, VQNIC_REG_CARD_CONTROL, 4, VQNIC_CARD_CONTROL_RESET);
	while (host_get(h, VQNIC_REG_CARD_CONTROL, 4) & VQNIC_CARD_CONTROL_RESET) {
		host_run(h, 10);
		test_check(++polls < 100000, "card reset never ends");
	}
	card_forget(c);
	host_drain(h, DRAIN);
	c->wire_rx_frames = host_get(h, VQNIC_REG_WIRE_RX_FRAMES, 8);
	c->wire_rx_bytes = host_get(h, VQNIC_REG_WIRE_RX_BYTES, 8);
	c->rx_drop_filter = c->wire_rx_frames;
	test_check(c->wire_rx_frames <= 8, "counters not cleared by a card reset");
}

static void check_reset_values(struct card *c)
{
	test_equal(host_get(c->host, VQNIC_REG_EVENT_VECTOR, 2), VQNIC_NO_VECTOR, "after reset");
	for (unsigned int i = 0; i < c->count; i++) {
		test_equal(vdev_get(&c->vdev[i], VQNIC_REG_VDEV_CONTROL, 4), 0, "after reset");
		test_equal(vdev_get(&c->vdev[i], VQNIC_REG_DEVICE_STATUS, 1), 0, "after reset");
		test_equal(vdev_get(&c->vdev[i], VQNIC_REG_QUEUE_ENABLE, 2), 0, "after reset");
	}
}

static void hit(struct card *c, struct vdev *d, enum victim what)
{
	struct host *h = c->host;
	struct vdev_config config = plain_config(host_chance(h, 50) ? EVENT_IDX : 0);
	struct queue *q = &d->queue[host_random(h, 0, 1)];

	config.size[RX] = (uint16_t)(1u << host_random(h, 1, 10));
	config.size[TX] = (uint16_t)(1u << host_random(h, 1, 10));
	switch (what) {
	case QUEUE_RESET:
		queue_reset(q);
		queue_map(q, config.size[q->index], (uint16_t)host_random(h, 0, 65535));
		queue_enable(q);
		return;
	case VDEV_RESET:
		vdev_reset(d);
		break;
	case VDEV_DISABLE:
		vdev_set(d, VQNIC_REG_VDEV_CONTROL, 4, 0);
		for (unsigned int polls = 0; vdev_get(d, VQNIC_REG_DEVICE_STATUS, 1); polls++) {
			host_run(h, 10);
			test_check(polls < 100000, "vdev %u: disabling never ends", d->index);
		}
		queue_forget(&d->queue[RX]);
		queue_forget(&d->queue[TX]);
		host_run(h, host_random(h, 1, 1000));
		break;
	case CARD_RESET:
		reset_card(c);
		check_reset_values(c);
		break;
	case PIN_RESET:
		vqnic_model_reset(h->model);
		card_forget(c);
		c->rx_drop_filter = 0;
		check_reset_values(c);
		break;
	}
	for (unsigned int i = 0; i < c->count; i++)
		if (!c->vdev[i].queue[RX].used)
			vdev_start(&c->vdev[i], &config);
}

/* Resets one thing again and again while everything runs; whoever is not hit loses nothing. */
static void reset_in_traffic(uint64_t seed, enum victim what)
{
	struct card *c = start(seed, seed % 2 ? EVENT_IDX : 0);
	struct host *h = c->host;
	struct vdev *d = &c->vdev[host_random(h, 0, c->count - 1)];
	uint64_t lost = 0, dropped = 0;

	card_random_stalls(c);
	c->no_broadcast = true;
	for (unsigned int i = 0; i < c->count; i++) {
		struct queue *q = &c->vdev[i].queue[RX];

		while (queue_add_rx(q, c->vdev[i].config.rx_bytes_min, 1))
			;
		queue_publish(q);
	}
	card_start_traffic(c, 100);
	for (unsigned int i = 0; i < 5; i++) {
		for (uint64_t steps = host_random(h, 1, 150); steps; steps--)
			card_step(c);
		hit(c, d, what);
	}
	while (card_busy(c))
		card_step(c);
	card_settle(c);

	if (what == CARD_RESET || what == PIN_RESET) {
		test_equal(c->wire_tx_frames, host_get(h, VQNIC_REG_WIRE_TX_FRAMES, 8), "after reset");
		return;
	}
	/* A frame to a vdev that is off is for nobody, but when exactly it was off only the card knows. */
	for (unsigned int i = 0; i < c->count; i++) {
		lost += c->vdev[i].rx_skipped + (c->vdev[i].rx_tail - c->vdev[i].rx_head);
		dropped += vdev_get(&c->vdev[i], VQNIC_REG_RX_DROP_NO_BUFFER, 8) +
			vdev_get(&c->vdev[i], VQNIC_REG_RX_DROP_NOT_READY, 8);
		if (&c->vdev[i] != d)
			vdev_check_no_loss(&c->vdev[i]);
	}
	test_equal(dropped + host_get(h, VQNIC_REG_WIRE_RX_DROP_FILTER, 8), lost, "dropped");
	if (what != VDEV_DISABLE)
		card_check_counters(c);
}

static void test_queue_reset(uint64_t seed)
{
	reset_in_traffic(seed, QUEUE_RESET);
}

static void test_vdev_reset(uint64_t seed)
{
	reset_in_traffic(seed, VDEV_RESET);
}

static void test_vdev_disable(uint64_t seed)
{
	reset_in_traffic(seed, VDEV_DISABLE);
}

static void test_card_reset(uint64_t seed)
{
	reset_in_traffic(seed, CARD_RESET);
}

static void test_pin_reset(uint64_t seed)
{
	reset_in_traffic(seed, PIN_RESET);
}

/* Queues that are enabled, in any order, after DRIVER_OK. */
static void test_late_enable(uint64_t seed)
{
	struct vdev_config config = plain_config(seed % 2 ? EVENT_IDX : 0);
	struct card *c = card_new(host_new(seed, NULL));
	struct host *h = c->host;
	unsigned int first = (unsigned int)host_random(h, 0, 1);

	for (unsigned int i = 0; i < c->count; i++) {
		struct vdev *d = &c->vdev[i];

		vdev_own(d, &config);
		vdev_negotiate(d);
		vdev_set(d, VQNIC_REG_DEVICE_STATUS, 1, DRIVER_OK);
		host_drain(h, DRAIN);
		for (unsigned int k = 0; k < 2; k++) {
			struct queue *q = &d->queue[k ^ first];

			queue_map(q, 64, (uint16_t)host_random(h, 0, 65535));
			/* What is in the ring before the queue is enabled needs no kick. */
			if (q->index == TX) {
				post_tx(d, 3);
				q->kicked = q->published;
			}
			queue_enable(q);
			host_run(h, host_random(h, 0, 200));
		}
		host_drain(h, DRAIN);
		test_equal(d->queue[TX].seen, d->queue[TX].published, "sent without a kick");
	}
	card_start_traffic(c, 30);
	while (card_busy(c))
		card_step(c);
	card_settle(c);
	card_check_counters(c);
}

static bool quiet(struct vdev *d)
{
	return vdev_get(d, VQNIC_REG_VDEV_STATUS, 4) & VQNIC_VDEV_STATUS_QUIET;
}

/*
 * A vdev that is suspended takes nothing from its rings once it is quiet, and goes on where it stopped; the others do not
 * notice.
 */
static void test_suspend(uint64_t seed)
{
	const uint32_t on = VQNIC_VDEV_CONTROL_ENABLE | VQNIC_VDEV_CONTROL_LINK;
	struct card *c = start(seed, seed % 2 ? EVENT_IDX : 0);
	struct host *h = c->host;
	struct vdev *d = &c->vdev[seed % c->count];
	struct queue *tx = &d->queue[TX];
	uint64_t dropped = 0;

	card_random_stalls(c);
	for (unsigned int i = 0; i < 5; i++) {
		unsigned int polls = 0;
		uint16_t seen;

		card_start_traffic(c, 20);
		c->rx_quota = 0;
		for (uint64_t steps = host_random(h, 1, 60); steps; steps--)
			card_step(c);
		vdev_set(d, VQNIC_REG_VDEV_CONTROL, 4, on | VQNIC_VDEV_CONTROL_SUSPEND);
		while (!quiet(d)) {
			host_run(h, 10);
			test_check(++polls < 100000, "never quiet");
		}
		seen = tx->seen;
		test_equal(queue_get(tx, VQNIC_REG_QUEUE_AVAIL_STATE, 2), seen, "state of a quiet queue");
		test_equal(queue_get(tx, VQNIC_REG_QUEUE_USED_STATE, 2), seen, "state of a quiet queue");
		if (tx->free_count) {
			queue_add_tx(tx, 60, 1);
			queue_publish(tx);
			tx->kicked = tx->published;
			queue_kick(tx);
		}
		/* Its configuration may change meanwhile: the driver hears of it afterwards. */
		vdev_set(d, VQNIC_REG_VDEV_CONTROL, 4,
			 on | VQNIC_VDEV_CONTROL_SUSPEND | (i % 2 ? 0 : VQNIC_VDEV_CONTROL_ANNOUNCE));
		test_check(card_send(c, d->mac, 60, 0), "not sent");
		dropped++;
		host_run(h, 5000);
		test_check(quiet(d), "not quiet any more");
		test_equal(tx->seen, seen, "taken while suspended");
		test_equal(vdev_get(d, VQNIC_REG_NET_STATUS, 2), 1 | (i % 2 ? 0 : 2), "announce");
		h->msix_pending[d->config_vector] = false;
		vdev_set(d, VQNIC_REG_VDEV_CONTROL, 4, on | (i % 2 ? 0 : VQNIC_VDEV_CONTROL_ANNOUNCE));
		while (card_busy(c))
			card_step(c);
		card_settle(c);
		test_check(h->msix_pending[d->config_vector], "no interrupt for the change");
		test_equal(vdev_get(d, VQNIC_REG_RX_DROP_NOT_READY, 8), dropped, "dropped while suspended");
		for (unsigned int k = 0; k < c->count; k++)
			test_equal(c->vdev[k].tx_wire_seq, c->vdev[k].tx_seq, "vdev %u: frames that left", k);
	}
}

/* A pair that is taken away in the midst of traffic is gone at once, comes fresh to its new owner, and harms nobody. */
static void test_pool(uint64_t seed)
{
	struct card *c = start(seed, EVENT_IDX);
	struct host *h = c->host;
	struct vdev *loser = &c->vdev[seed % c->count], *other = &c->vdev[(seed + 1) % c->count];
	struct vdev winner = *loser;
	uint64_t not_ready;

	c->no_broadcast = true;
	card_start_traffic(c, 50);
	c->rx_quota = 0;
	for (uint64_t steps = host_random(h, 1, 100); steps; steps--)
		card_step(c);
	do {
		winner.number = (winner.number + 1) % VQNIC_VDEVS;
	} while (vdev_get(&winner, VQNIC_REG_VDEV_CONTROL, 4));
	vdev_take_pair(&winner, 0, loser->pair);
	test_equal(vdev_get(loser, VQNIC_REG_VDEV_PAIR, 4), 0, "the pair is gone");
	queue_forget(&loser->queue[RX]);
	queue_forget(&loser->queue[TX]);
	loser->tx_quota = 0;
	loser->rx_posting = false;

	/* Its old doorbell, and frames for the loser, lead to nothing. */
	queue_kick(&loser->queue[TX]);
	not_ready = vdev_get(loser, VQNIC_REG_RX_DROP_NOT_READY, 8);
	test_check(card_send(c, loser->mac, 60, 0), "not sent");
	while (card_busy(c))
		card_step(c);
	card_settle(c);
	test_equal(vdev_get(loser, VQNIC_REG_RX_DROP_NOT_READY, 8), not_ready + 1, "dropped: no queue");
	test_equal(other->tx_wire_seq, other->tx_seq, "frames of the other vdev");

	vdev_set(&winner, VQNIC_REG_VDEV_CONTROL, 4, VQNIC_VDEV_CONTROL_ENABLE);
	for (unsigned int k = 0; k < 2; k++) {
		vdev_set(&winner, VQNIC_REG_QUEUE_SELECT, 2, k);
		test_equal(vdev_get(&winner, VQNIC_REG_QUEUE_NOTIFY_OFF, 2), 2u * loser->pair + k, "queue");
		test_equal(vdev_get(&winner, VQNIC_REG_QUEUE_ENABLE, 2), 0, "fresh");
		test_equal(vdev_get(&winner, VQNIC_REG_QUEUE_SIZE, 2), VQNIC_VQ_SIZE_LIMIT, "fresh");
		test_equal(vdev_get(&winner, VQNIC_REG_QUEUE_DESC, 8), 0, "fresh");
		test_equal(vdev_get(&winner, VQNIC_REG_QUEUE_FRAMES, 8), 0, "fresh");
		test_equal(vdev_get(&winner, VQNIC_REG_QUEUE_BYTES, 8), 0, "fresh");
	}
	vdev_set(loser, VQNIC_REG_QUEUE_SELECT, 2, 0);
	test_equal(vdev_get(loser, VQNIC_REG_QUEUE_SIZE, 2), 0, "no such queue");
}

static void test_link(uint64_t seed)
{
	struct card *c = start(seed, 0);
	struct host *h = c->host;
	const uint16_t event_vector = 200;
	bool up = true;

	host_drain(h, DRAIN);
	host_set(h, VQNIC_REG_EVENT, 4, ~0u);
	host_set(h, VQNIC_REG_EVENT_VECTOR, 2, event_vector);
	/* The owner of the last vdev does not let it see the link. */
	vdev_set(&c->vdev[c->count - 1], VQNIC_REG_VDEV_CONTROL, 4, VQNIC_VDEV_CONTROL_ENABLE);
	host_drain(h, DRAIN);
	memset(h->msix_seen, 0, sizeof(h->msix_seen));
	for (unsigned int i = 1; i <= 6; i++) {
		uint8_t generation[CARD_VDEVS];

		for (unsigned int k = 0; k < c->count; k++)
			generation[k] = (uint8_t)vdev_get(&c->vdev[k], VQNIC_REG_CONFIG_GENERATION, 1);
		up = !up;
		vqnic_model_set_link(h->model, up);
		host_drain(h, DRAIN);
		test_equal(host_get(h, VQNIC_REG_CARD_STATUS, 4), up, "link");
		test_equal(host_get(h, VQNIC_REG_EVENT, 4), VQNIC_EVENT_LINK, "event");
		test_equal(h->msix_seen[event_vector], (i + 1) / 2, "messages of card events");
		for (unsigned int k = 0; k < c->count; k++) {
			struct vdev *d = &c->vdev[k];
			bool sees = k != c->count - 1;

			test_equal(vdev_get(d, VQNIC_REG_NET_STATUS, 2), sees && up, "vdev %u: status", k);
			test_equal(vdev_get(d, VQNIC_REG_CONFIG_GENERATION, 1) != generation[k], sees,
				   "vdev %u: generation", k);
			test_equal(h->msix_seen[d->config_vector], sees ? i : 0, "vdev %u: interrupts", k);
		}
		/* An event that is not cleared does not rise again. */
		if (i % 2 == 0) {
			host_set(h, VQNIC_REG_EVENT, 4, VQNIC_EVENT_FAULT);
			test_equal(host_get(h, VQNIC_REG_EVENT, 4), VQNIC_EVENT_LINK, "event");
			host_set(h, VQNIC_REG_EVENT, 4, VQNIC_EVENT_LINK);
			test_equal(host_get(h, VQNIC_REG_EVENT, 4), 0, "event");
		}
	}
}

/* A change of the device's configuration is told to a driver that runs, and to no other. */
static void test_config_change(uint64_t seed)
{
	struct card *c = start(seed, 0);
	struct host *h = c->host;
	struct vdev *d = &c->vdev[seed % c->count];

	host_drain(h, DRAIN);
	for (unsigned int i = 0; i < 4; i++) {
		uint8_t generation = (uint8_t)vdev_get(d, VQNIC_REG_CONFIG_GENERATION, 1);
		unsigned int before = h->msix_seen[d->config_vector];

		if (i == 2) {
			vdev_reset(d);
			generation = (uint8_t)vdev_get(d, VQNIC_REG_CONFIG_GENERATION, 1);
		}
		vdev_set(d, i % 2 ? VQNIC_REG_VDEV_MTU : VQNIC_REG_VDEV_MAC_LO, 4, 1000 + i);
		host_drain(h, DRAIN);
		test_check(vdev_get(d, VQNIC_REG_CONFIG_GENERATION, 1) != generation, "generation unchanged");
		test_equal(vdev_get(d, i % 2 ? VQNIC_REG_NET_MTU : VQNIC_REG_NET_MAC_LO, i % 2 ? 2 : 4), 1000 + i,
			   "configuration");
		test_equal(h->msix_seen[d->config_vector] - before, i < 2, "change %u: interrupts", i);
	}
}

static void send_raw(struct card *c, const uint8_t *frame, size_t len, bool bad)
{
	host_send(c->host, frame, len, bad);
	c->wire_rx_frames++;
	c->wire_rx_bytes += len;
	host_drain(c->host, DRAIN);
}

/* Posts a chain with room for `room` bytes of a frame. */
static void post_rx(struct vdev *d, uint32_t room)
{
	test_check(queue_add_rx(&d->queue[RX], room, 2), "no descriptor");
	queue_publish(&d->queue[RX]);
	queue_maybe_kick(&d->queue[RX]);
	host_drain(d->host, DRAIN);
}

/* Each reason to drop a frame, counted in its place, and the frame after it is received. */
static void test_drops(uint64_t seed)
{
	static const uint8_t multicast[6] = { 0x01, 0x00, 0x5e, 1, 2, 3 };
	struct card *c = start(seed, EVENT_IDX);
	struct host *h = c->host;
	struct vdev *d = &c->vdev[seed % c->count], *other = &c->vdev[(seed + 1) % c->count];
	struct filter_access filter = host_filter(h);
	uint8_t frame[HOST_FRAME_MAX];
	uint64_t no_buffer = 0, too_long = 0, not_ready = 0;

	for (size_t i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)rng_next(&h->rng);
	host_drain(h, DRAIN);
	test_check(filter_set_mac(&filter, multicast, (1u << VQNIC_VDEVS) - 1), "no room in the MAC table");

	for (unsigned int i = 0; i < 3; i++) {
		uint64_t received = d->rx_frames;

		/* Bad, too short, too long, for another MAC address. */
		memcpy(frame, d->mac, 6);
		send_raw(c, frame, host_random(h, 14, 1514), true);
		send_raw(c, frame, host_random(h, 1, 13), false);
		send_raw(c, frame, host_random(h, VQNIC_FRAME_BYTES_MAX + 1, HOST_FRAME_MAX), false);
		c->rx_drop_error += 3;
		frame[5] ^= 1;
		send_raw(c, frame, 64, false);
		c->rx_drop_filter++;

		/* No buffer: to one, and to all. */
		test_check(card_send(c, d->mac, 100, 1u << d->index), "not sent");
		host_drain(h, DRAIN);
		test_check(card_send(c, i ? broadcast : multicast, 100, ALL_VDEVS), "not sent");
		host_drain(h, DRAIN);
		no_buffer += 2;

		/* Longer than the MTU; longer than the chain, which then takes the next frame. */
		post_rx(d, 1400);
		test_check(card_send(c, d->mac, 1515, 1u << d->index), "not sent");
		host_drain(h, DRAIN);
		test_check(card_send(c, d->mac, 1401, 1u << d->index), "not sent");
		host_drain(h, DRAIN);
		too_long += 2;
		test_equal(d->rx_frames, received, "received");
		test_check(card_send(c, d->mac, 1400, 1u << d->index), "not sent");
		host_drain(h, DRAIN);
		test_equal(d->rx_frames, received + 1, "received");

		/* To all, where only one has a buffer. */
		post_rx(d, 60);
		test_check(card_send(c, multicast, 60, ALL_VDEVS), "not sent");
		host_drain(h, DRAIN);
		test_equal(d->rx_frames, received + 2, "received");

		/* A tagged frame may be four bytes longer. */
		post_rx(d, 1518);
		memcpy(frame, d->mac, 6);
		frame[12] = 0x81;
		frame[13] = 0x00;
		d->queue[RX].raw = true;
		send_raw(c, frame, 1519, false);
		too_long++;
		test_equal(d->queue[RX].seen, (uint16_t)(d->queue[RX].published - 1), "used index");
		send_raw(c, frame, 1518, false);
		test_equal(d->queue[RX].seen, d->queue[RX].published, "used index");
		d->queue[RX].raw = false;
		d->rx_frames++;
		d->rx_bytes += 1518;
		frame[12] = 0;
		while (queue_take_used(&d->queue[RX]))
			;
		/* The raw frame's buffer came back behind the driver's back. */
		queue_reset(&d->queue[RX]);

		/* Not ready. */
		test_check(card_send(c, d->mac, 100, 1u << d->index), "not sent");
		host_drain(h, DRAIN);
		not_ready++;
		queue_map(&d->queue[RX], 256, 0);
		queue_enable(&d->queue[RX]);

		/* `too long` frames were not expected to be received by anybody: forget them. */
		test_equal(vdev_get(d, VQNIC_REG_RX_DROP_NO_BUFFER, 8), no_buffer, "no buffer");
		test_equal(vdev_get(d, VQNIC_REG_RX_DROP_TOO_LONG, 8), too_long, "too long");
		test_equal(vdev_get(d, VQNIC_REG_RX_DROP_NOT_READY, 8), not_ready, "not ready");
		test_equal(vdev_get(other, VQNIC_REG_RX_DROP_NO_BUFFER, 8), 2 * (i + 1), "no buffer");
		test_equal(host_get(h, VQNIC_REG_WIRE_RX_DROP_ERROR, 8), c->rx_drop_error, "bad frames");
		test_equal(host_get(h, VQNIC_REG_WIRE_RX_DROP_FILTER, 8), c->rx_drop_filter, "for nobody");
		test_equal(host_get(h, VQNIC_REG_WIRE_RX_FRAMES, 8), c->wire_rx_frames, "frames");
		test_equal(host_get(h, VQNIC_REG_WIRE_RX_BYTES, 8), c->wire_rx_bytes, "bytes");
		test_equal(vdev_get(d, VQNIC_REG_RX_FRAMES, 8), d->rx_frames, "received");
		test_equal(vdev_get(d, VQNIC_REG_RX_BYTES, 8), d->rx_bytes, "received");
	}
}

/* Bytes of the file, which must be there. */
static off_t file_size(const char *path)
{
	struct stat st;

	test_check(!stat(path, &st), "%s: %s", path, strerror(errno));
	return st.st_size;
}

/* Waves are switched on and off while the card runs, into one file after another, of two models at a time. */
static void test_waves(uint64_t seed)
{
	const char *const paths[] = { "/tmp/rtl_events_0.fst", "/tmp/rtl_events_1.fst" };
	static const struct vqnic_model_ops no_ops;
	struct card *c;
	struct vqnic_model *m, *other;
	off_t size;

	/* The runner may be writing waves of its own. */
	if (test_wave_file())
		return;
	c = start(seed, 0);
	m = c->host->model;
	other = vqnic_model_new(NULL, &no_ops, NULL);
	test_check(other, "out of memory");
	test_equal((uint64_t)vqnic_model_trace_start(m, "/nowhere/x.fst"), (uint64_t)-ENOENT, "no such folder");
	for (unsigned int i = 0; i < 2; i++) {
		test_equal((uint64_t)vqnic_model_trace_start(m, paths[i]), 0, "start");
		test_equal((uint64_t)vqnic_model_trace_start(m, paths[i]), (uint64_t)-EBUSY, "start again");
		post_tx(&c->vdev[0], 3);
		queue_kick(&c->vdev[0].queue[TX]);
		host_drain(c->host, DRAIN);
		vqnic_model_read(other, VQNIC_REG_MAGIC);
		vqnic_model_trace_stop(m);
		vqnic_model_trace_stop(m);
		size = file_size(paths[i]);
		test_check(size > 10000, "%s has only %lld bytes", paths[i], (long long)size);
		post_tx(&c->vdev[0], 3);
		queue_kick(&c->vdev[0].queue[TX]);
		host_drain(c->host, DRAIN);
		test_equal((uint64_t)file_size(paths[i]), (uint64_t)size, "size after the stop");
		unlink(paths[i]);
	}
	vqnic_model_free(other);
	host_drain(c->host, DRAIN);
}

static const struct test tests[] = {
	{ "used_event", test_used_event, 5 },
	{ "no_interrupt", test_no_interrupt, 3 },
	{ "no_vector", test_no_vector, 2 },
	{ "avail_event", test_avail_event, 5 },
	{ "empty", test_empty, 6 },
	{ "empty_kick", test_empty_kick, 6 },
	{ "idle", test_idle, 20 },
	{ "queue_reset", test_queue_reset, 10 },
	{ "vdev_reset", test_vdev_reset, 10 },
	{ "vdev_disable", test_vdev_disable, 10 },
	{ "card_reset", test_card_reset, 10 },
	{ "pin_reset", test_pin_reset, 5 },
	{ "late_enable", test_late_enable, 6 },
	{ "suspend", test_suspend, 6 },
	{ "pool", test_pool, 6 },
	{ "link", test_link, 4 },
	{ "config_change", test_config_change, 2 },
	{ "drops", test_drops, 4 },
	{ "waves", test_waves, 1 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]), card_cleanup);
}
