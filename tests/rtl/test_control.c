// SPDX-License-Identifier: Apache-2.0
/*
 * Control queues (virtio 1.4, 5.1.6.5): commands of every legal shape reach the mailbox, their answers the ring; who
 * waits for an answer holds up nobody else; resets and suspends at any moment; chains that cannot be right.
 *
 * The test is both the guest's driver, which posts commands, and the card's owner, who answers them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "test.h"

#define CTRL 2				/* the queue's index without MQ */
#define DRAIN 200000
#define RING 64				/* descriptors */
/* Commands that are out at a time, and memory for each: pieces, gaps between them, an indirect table. */
#define SLOTS 4
#define SLOT_BYTES 32768
#define COMMAND_MAX 12000
#define PIECES_MAX 60
#define EVENT_VECTOR 250
#define CTRL_VECTOR 240			/* of the first vdev's control queue */
#define RESET_POLLS 20000
#define TAG_SHIFT 24
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DRIVER_OK (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK | \
		   VIRTIO_CONFIG_S_DRIVER_OK)

static const struct vdev_config plain = {
	.size = { 64, 64 }, .mtu = 1500, .chain_max = 4, .rx_bytes_min = 1518,
};

struct command {
	uint16_t head;
	uint16_t descs;			/* of the ring */
	uint16_t ring_descs[PIECES_MAX];
	uint32_t len;
	uint8_t bytes[COMMAND_MAX];
	uint64_t ack_addr;
	uint8_t ack;			/* as it was answered */
};

/* A vdev's control queue, seen from both sides. */
struct ctrl {
	struct vdev *d;
	struct vdev dev;		/* the same one with the queue's own address space */
	struct queue q;
	struct space *space;		/* NULL: the vdev's */
	uint64_t arena;
	uint64_t mailbox;
	struct command slot[SLOTS];
	unsigned int posted, taken, completed;	/* commands: what was made, what software has seen, what came back */
	bool answered;			/* the one that was taken last */
	unsigned int tag;		/* of it */
};

static struct ctrl *ctrls[CARD_VDEVS];

static void cleanup(void)
{
	for (unsigned int i = 0; i < CARD_VDEVS; i++) {
		if (ctrls[i])
			space_free(ctrls[i]->space);
		free(ctrls[i]);
		ctrls[i] = NULL;
	}
	card_cleanup();
}

static struct card *card_on_random_link(uint64_t seed)
{
	uint64_t rng = seed;
	struct pcie_config link = host_random_link(&rng);
	struct card *c = card_new(host_new(rng, &link));

	card_random_stalls(c);
	host_set(c->host, VQNIC_REG_EVENT_VECTOR, 2, EVENT_VECTOR);
	return c;
}

static bool accepted(const struct ctrl *t, unsigned int feature)
{
	return t->dev.features >> feature & 1;
}

/* ---- set-up ---- */

static bool asid_taken(const struct card *c, unsigned int asid)
{
	for (unsigned int i = 0; i < c->count; i++)
		if (c->vdev[i].space->asid == asid || (ctrls[i] && ctrls[i]->space && ctrls[i]->space->asid == asid))
			return true;
	return false;
}

/* An address space for the control queue: that of the data queues, AS_IDENTITY, or another one. */
static void choose_space(struct card *c, struct ctrl *t)
{
	struct host *h = c->host;
	unsigned int asid = VQNIC_AS_IDENTITY;

	if (host_chance(h, 30))
		return;
	if (host_chance(h, 70))
		do
			asid = (unsigned int)host_random(h, 1, VQNIC_ADDRESS_SPACE_COUNT - 1);
		while (asid_taken(c, asid));
	t->space = space_new(h, asid, rng_next(&h->rng));
	space_install(t->space);
}

/* A new ring, with new memory for commands. */
static void ring_start(struct ctrl *t)
{
	struct host *h = t->d->host;

	queue_map(&t->q, RING, host_chance(h, 50) ? 0 : (uint16_t)host_random(h, 65530, 65535));
	t->q.raw = true;
	t->arena = space_map(t->dev.space, SLOTS * SLOT_BYTES, 1, true);
	t->posted = t->taken = t->completed = 0;
	t->answered = true;
	queue_enable(&t->q);
}

static void ring_forget(struct ctrl *t)
{
	space_deny(t->dev.space, t->arena, SLOTS * SLOT_BYTES, HOST_READ | HOST_WRITE | HOST_FAULT);
	space_unmap(t->dev.space, t->arena);
	queue_forget(&t->q);
}

static void mailbox_set(struct ctrl *t, uint64_t addr)
{
	vdev_set(t->d, VQNIC_REG_VDEV_MAILBOX + 4, 4, addr >> 32);
	vdev_set(t->d, VQNIC_REG_VDEV_MAILBOX, 4, (uint32_t)addr);
}

/* Brings the vdev up, its control queue too. */
static void ctrl_start(struct ctrl *t, uint64_t features)
{
	struct vdev *d = t->d;
	struct vdev_config config = plain;
	uint64_t offered = vdev_get(d, VQNIC_REG_SUPPORTED_FEATURES, 8);

	config.features = (features & offered) | 1ull << VIRTIO_NET_F_CTRL_VQ;
	vdev_own(d, &config);
	vdev_negotiate(d);
	for (unsigned int i = 0; i < 2; i++) {
		queue_map(&d->queue[i], config.size[i], 0);
		queue_enable(&d->queue[i]);
	}
	t->dev = *d;
	if (t->space)
		t->dev.space = t->space;
	vdev_set(d, VQNIC_REG_VDEV_AS_CTRL, 2, t->dev.space->asid);
	test_equal(vdev_get(d, VQNIC_REG_VDEV_AS_CTRL, 2), t->dev.space->asid, "vdev %u", d->number);
	test_equal(vdev_get(d, VQNIC_REG_NUM_QUEUES, 2), 3, "queues");
	ring_start(t);
	mailbox_set(t, t->mailbox);
	vdev_set(d, VQNIC_REG_DEVICE_STATUS, 1, DRIVER_OK);
}

static struct ctrl *ctrl_new(struct card *c, unsigned int vdev)
{
	struct host *h = c->host;
	struct ctrl *t = calloc(1, sizeof(*t));

	if (!t) {
		fprintf(stderr, "out of memory\n");
		exit(1);
	}
	ctrls[vdev] = t;
	t->d = &c->vdev[vdev];
	t->q.dev = &t->dev;
	t->q.index = CTRL;
	t->q.vector = (uint16_t)(CTRL_VECTOR + vdev);
	choose_space(c, t);
	/* Aligned, with what lies around it not to be touched. */
	t->mailbox = host_map(h, 3 * VQNIC_MAILBOX_BYTES, 1);
	t->mailbox = (t->mailbox + 4095) & ~4095ull;
	host_allow(h, t->mailbox, VQNIC_MAILBOX_BYTES, HOST_WRITE);
	ctrl_start(t, host_chance(h, 50) ? 1ull << VIRTIO_RING_F_EVENT_IDX | 1ull << VIRTIO_RING_F_INDIRECT_DESC :
		   host_chance(h, 50) ? 1ull << VIRTIO_RING_F_INDIRECT_DESC : 0);
	return t;
}

static void vdev_goes(struct ctrl *t)
{
	vdev_reset(t->d);
	ring_forget(t);
}

/* ---- the guest's driver ---- */

struct piece {
	uint64_t addr;
	uint32_t len;
	bool write;
};

/* Cuts `len` bytes at random into at most `most` pieces, behind each other in memory but for gaps. */
static unsigned int cut(struct host *h, struct piece *pieces, unsigned int most, uint32_t len, bool write, uint64_t *addr)
{
	unsigned int count = 0;

	while (len) {
		struct piece *p = &pieces[count++];

		p->len = count == most ? len : host_chance(h, 50) ? 1 : (uint32_t)host_random(h, 1, len);
		p->write = write;
		*addr += host_random(h, 0, 20);
		p->addr = *addr;
		*addr += p->len;
		len -= p->len;
	}
	return count;
}

static uint16_t take_desc(struct queue *q)
{
	return q->free[--q->free_count];
}

static void fill_desc(struct vring_desc *desc, const struct piece *p, bool last, uint16_t next)
{
	*desc = (struct vring_desc){ .addr = p->addr, .len = p->len, .next = next,
				     .flags = (uint16_t)((p->write ? VRING_DESC_F_WRITE : 0) |
							 (last ? 0 : VRING_DESC_F_NEXT)) };
}

/* Links pieces as a chain: some in the ring, and the rest, if any, in an indirect table at `table`. */
static void link_chain(struct ctrl *t, struct command *cmd, const struct piece *pieces, unsigned int count,
		       unsigned int direct, uint64_t table)
{
	struct vring_desc *entries;

	cmd->descs = (uint16_t)(direct + (direct < count));
	for (unsigned int i = 0; i < cmd->descs; i++)
		cmd->ring_descs[i] = take_desc(&t->q);
	cmd->head = cmd->ring_descs[0];
	for (unsigned int i = 0; i < direct; i++)
		fill_desc(&t->q.desc[cmd->ring_descs[i]], &pieces[i], i + 1 == cmd->descs,
			  i + 1 < cmd->descs ? cmd->ring_descs[i + 1] : (uint16_t)rng_next(&t->d->host->rng));
	if (direct == count)
		return;
	t->q.desc[cmd->ring_descs[direct]] = (struct vring_desc){
		.addr = table, .len = (uint32_t)(16 * (count - direct)), .flags = VRING_DESC_F_INDIRECT,
	};
	space_allow(t->dev.space, table, 16 * (count - direct), HOST_READ);
	entries = space_at(t->dev.space, table, 16 * (count - direct));
	for (unsigned int i = direct; i < count; i++) {
		struct vring_desc desc;

		fill_desc(&desc, &pieces[i], i + 1 == count, (uint16_t)(i + 1 - direct));
		memcpy(entries + (i - direct), &desc, sizeof(desc));
	}
}

/* The card may read the command, and write its first writable byte; no other. */
static void allow_pieces(struct ctrl *t, struct command *cmd, const struct piece *pieces, unsigned int count)
{
	uint32_t done = 0;

	for (unsigned int i = 0; i < count; i++) {
		if (pieces[i].write) {
			cmd->ack_addr = pieces[i].addr;
			space_allow(t->dev.space, cmd->ack_addr, 1, HOST_WRITE);
			return;
		}
		space_allow(t->dev.space, pieces[i].addr, pieces[i].len, HOST_READ);
		memcpy(space_at(t->dev.space, pieces[i].addr, pieces[i].len), cmd->bytes + done, pieces[i].len);
		done += pieces[i].len;
	}
}

static void avail_add(struct ctrl *t, uint16_t head)
{
	t->q.avail[2 + t->q.added % t->q.size] = head;
	t->q.added++;
}

static uint64_t slot_addr(const struct ctrl *t, unsigned int number)
{
	return t->arena + (uint64_t)(number % SLOTS) * SLOT_BYTES;
}

/* Posts a command of `len` bytes in a random shape. False: there is no room. */
static bool command_add(struct ctrl *t, uint32_t len)
{
	struct host *h = t->d->host;
	struct command *cmd = &t->slot[t->posted % SLOTS];
	uint64_t addr = slot_addr(t, t->posted), table = addr + SLOT_BYTES - 16 * PIECES_MAX - 16;
	struct piece pieces[PIECES_MAX];
	unsigned int count, direct, most;

	if (t->posted - t->completed == SLOTS || t->q.free_count < 12)
		return false;
	most = accepted(t, VIRTIO_RING_F_INDIRECT_DESC) ? PIECES_MAX - 4 : 8;
	cmd->len = len;
	for (uint32_t i = 0; i < len; i++)
		cmd->bytes[i] = (uint8_t)rng_next(&h->rng);
	count = cut(h, pieces, (unsigned int)host_random(h, 1, most), len, false, &addr);
	count += cut(h, pieces + count, (unsigned int)host_random(h, 1, 4), (uint32_t)host_random(h, 1, 6), true, &addr);
	direct = count;
	if (accepted(t, VIRTIO_RING_F_INDIRECT_DESC) && (count > 11 || host_chance(h, 50)))
		direct = (unsigned int)host_random(h, 0, count - 1 > 10 ? 10 : count - 1);
	allow_pieces(t, cmd, pieces, count);
	link_chain(t, cmd, pieces, count, direct, table);
	avail_add(t, cmd->head);
	t->posted++;
	return true;
}

static void publish(struct ctrl *t)
{
	queue_publish(&t->q);
	queue_maybe_kick(&t->q);
}

static uint32_t random_len(struct host *h)
{
	switch (host_random(h, 0, 5)) {
	case 0:
		return (uint32_t)host_random(h, 1, COMMAND_MAX);
	case 1:
		return VQNIC_MAILBOX_BYTES - 1 + (uint32_t)host_random(h, 0, 2);
	default:
		return (uint32_t)host_random(h, 1, 80);
	}
}

/* Takes back what is completed: the ack, the used entry, and no byte besides. */
static void take_completed(struct ctrl *t)
{
	struct queue *q = &t->q;

	while (q->seen != q->used[1]) {
		struct command *cmd = &t->slot[t->completed % SLOTS];
		uint32_t entry[2];

		test_check(t->completed < t->taken && (t->answered || t->completed + 1 < t->taken),
			   "vdev %u: command %u is completed, but was not answered", t->d->number, t->completed);
		memcpy(entry, &q->used[2 + 4 * (q->seen % q->size)], sizeof(entry));
		test_equal(entry[0], cmd->head, "used entry");
		test_equal(entry[1], 1, "used length");
		test_equal(*(uint8_t *)space_at(t->dev.space, cmd->ack_addr, 1), cmd->ack, "ack");
		for (unsigned int i = 0; i < cmd->descs; i++)
			q->free[q->free_count++] = cmd->ring_descs[i];
		space_deny(t->dev.space, slot_addr(t, t->completed), SLOT_BYTES, HOST_READ | HOST_WRITE);
		q->seen++;
		t->completed++;
	}
}

/* ---- the card's owner ---- */

static bool commands_bit(const struct ctrl *t)
{
	return host_get(t->d->host, VQNIC_REG_COMMANDS, 4) >> t->d->number & 1;
}

/* Looks for a command and checks it. True: it is there, and not answered yet. */
static bool look(struct ctrl *t)
{
	uint32_t value = (uint32_t)vdev_get(t->d, VQNIC_REG_VDEV_COMMAND, 4);
	struct command *cmd = &t->slot[t->taken % SLOTS];
	uint32_t len = cmd->len < VQNIC_MAILBOX_BYTES ? cmd->len : VQNIC_MAILBOX_BYTES;

	if (!(value & VQNIC_VDEV_COMMAND_PENDING))
		return false;
	take_completed(t);
	if (!t->answered)
		return true;
	test_check(t->taken < t->posted, "vdev %u: a command that nobody posted", t->d->number);
	test_check(t->taken == t->completed, "vdev %u: a command before the last one is completed", t->d->number);
	test_check(commands_bit(t), "vdev %u is not in COMMANDS", t->d->number);
	test_equal(value & VQNIC_VDEV_COMMAND_LENGTH, len, "length");
	test_equal(!!(value & VQNIC_VDEV_COMMAND_CUT), cmd->len > VQNIC_MAILBOX_BYTES, "cut");
	test_check(!memcmp(host_at(t->d->host, t->mailbox, len), cmd->bytes, len), "vdev %u: the command differs",
		   t->d->number);
	t->tag = (value & VQNIC_VDEV_COMMAND_TAG) >> TAG_SHIFT;
	t->taken++;
	t->answered = false;
	return true;
}

static void answer_with(struct ctrl *t, unsigned int tag, uint8_t ack)
{
	vdev_set(t->d, VQNIC_REG_VDEV_ANSWER, 4, tag << TAG_SHIFT | ack);
}

static void answer(struct ctrl *t)
{
	struct command *cmd = &t->slot[(t->taken - 1) % SLOTS];

	cmd->ack = (uint8_t)rng_next(&t->d->host->rng);
	t->answered = true;
	answer_with(t, t->tag, cmd->ack);
}

/* All that was posted is carried out, and nothing more happens. */
static void finish(struct ctrl *t)
{
	publish(t);
	for (;;) {
		host_drain(t->d->host, DRAIN);
		take_completed(t);
		if (t->completed == t->posted)
			break;
		test_check(look(t), "vdev %u: command %u of %u does not come", t->d->number, t->taken, t->posted);
		if (!t->answered)
			answer(t);
	}
	test_check(!look(t) && !commands_bit(t), "vdev %u: a command is left", t->d->number);
	test_equal(queue_get(&t->q, VQNIC_REG_QUEUE_FAULT, 1), VQNIC_FAULT_NONE, "vdev %u", t->d->number);
}

/* A step of either side, or none. */
static void ctrl_step(struct ctrl *t)
{
	struct host *h = t->d->host;

	if (host_chance(h, 30))
		command_add(t, random_len(h));
	if (host_chance(h, 40))
		publish(t);
	take_completed(t);
	if (host_chance(h, 40) && look(t) && !t->answered && host_chance(h, 50))
		answer(t);
}

/* ---- tests ---- */

/* Commands of all vdevs, in any shape, while frames go in and out. */
static void test_shapes(uint64_t seed)
{
	struct card *c = card_on_random_link(seed);
	struct host *h = c->host;
	unsigned int commands = 0;

	for (unsigned int i = 0; i < c->count; i++)
		ctrl_new(c, i);
	card_start_traffic(c, 30);
	for (unsigned int n = 0; n < 400; n++) {
		for (unsigned int i = 0; i < c->count; i++)
			ctrl_step(ctrls[i]);
		if (card_busy(c))
			card_step(c);
		else
			host_run(h, host_random(h, 1, 300));
	}
	while (card_busy(c))
		card_step(c);
	card_settle(c);
	for (unsigned int i = 0; i < c->count; i++) {
		struct ctrl *t = ctrls[i];

		finish(t);
		test_equal(queue_get(&t->q, VQNIC_REG_QUEUE_FRAMES, 8), t->completed, "commands of the queue");
		test_equal(vdev_get(t->d, VQNIC_REG_COMMANDS_TAKEN, 8), t->completed, "commands of the vdev");
		commands += t->completed;
	}
	test_check(commands > c->count, "only %u commands", commands);
}

/* Each command is an event, and its completion an interrupt if the guest wants it. */
static void test_signals(uint64_t seed)
{
	struct card *c = card_on_random_link(seed);
	struct host *h = c->host;
	struct ctrl *t = ctrl_new(c, 0);

	host_drain(h, DRAIN);
	host_set(h, VQNIC_REG_EVENT, 4, UINT32_MAX);
	for (unsigned int i = 0; i < 30; i++) {
		unsigned int events = h->msix_seen[EVENT_VECTOR], irqs = h->msix_seen[t->q.vector];
		bool wanted = host_chance(h, 50);

		if (accepted(t, VIRTIO_RING_F_EVENT_IDX))
			*queue_used_event(&t->q) = (uint16_t)(t->q.seen + (wanted ? 0 : host_random(h, 1, 5)));
		else
			t->q.avail[0] = wanted ? 0 : VRING_AVAIL_F_NO_INTERRUPT;
		test_check(command_add(t, 20), "no room");
		publish(t);
		host_drain(h, DRAIN);
		test_equal(h->msix_seen[EVENT_VECTOR], events + 1, "events");
		test_equal(host_get(h, VQNIC_REG_EVENT, 4), VQNIC_EVENT_COMMAND, "event");
		host_set(h, VQNIC_REG_EVENT, 4, VQNIC_EVENT_COMMAND);
		test_check(look(t), "no command");
		test_equal(h->msix_seen[t->q.vector], irqs, "interrupts before the answer");
		answer(t);
		test_check(!commands_bit(t), "an answered command is in COMMANDS");
		host_drain(h, DRAIN);
		take_completed(t);
		test_equal(t->completed, i + 1, "completed");
		test_equal(h->msix_seen[t->q.vector], irqs + wanted, "interrupts");
		test_equal(h->msix_seen[EVENT_VECTOR], events + 1, "events after the answer");
	}
}

/* Who gets no answer waits alone: other vdevs' commands and all frames go on, and the card may be idle. */
static void test_unanswered(uint64_t seed)
{
	struct card *c = card_on_random_link(seed);
	struct host *h = c->host;
	struct ctrl *waits, *other;

	for (unsigned int i = 0; i < c->count; i++)
		ctrl_new(c, i);
	waits = ctrls[seed % c->count];
	other = ctrls[(seed + 1) % c->count];
	host_drain(h, DRAIN);
	while (command_add(waits, random_len(h)))
		;
	publish(waits);
	host_drain(h, DRAIN);
	test_check(look(waits), "no command");
	card_start_traffic(c, 40);
	while (card_busy(c)) {
		ctrl_step(other);
		queue_kick(&waits->q);
		card_step(c);
	}
	card_settle(c);
	finish(other);
	test_check(other->completed, "no command of the other vdev");
	test_equal(waits->taken, 1, "commands taken");
	take_completed(waits);
	for (unsigned int i = 0; i < c->count; i++)
		test_equal(c->vdev[i].tx_wire_seq, c->vdev[i].tx_seq, "vdev %u: frames that left", i);
	answer(waits);
	finish(waits);
}

/* Without a mailbox commands wait, and come as soon as there is one. */
static void test_no_mailbox(uint64_t seed)
{
	struct card *c = card_on_random_link(seed);
	struct host *h = c->host;
	struct ctrl *t = ctrl_new(c, 0);

	host_drain(h, DRAIN);
	mailbox_set(t, 0);
	test_check(command_add(t, 30), "no room");
	publish(t);
	queue_kick(&t->q);
	host_drain(h, DRAIN);
	test_check(!look(t) && !commands_bit(t), "a command without a mailbox");
	mailbox_set(t, t->mailbox);
	finish(t);
}

/*
 * The vdev or its queue is reset at any moment of a command. The command is gone, and an answer that comes too late is
 * not taken for that of the next one.
 */
static void test_reset(uint64_t seed)
{
	struct card *c = card_on_random_link(seed);
	struct host *h = c->host;
	struct ctrl *t = ctrl_new(c, 0);
	unsigned int late = 0;

	for (unsigned int i = 0; i < 25; i++) {
		bool seen;

		for (uint64_t n = host_random(h, 1, 3); n; n--)
			command_add(t, random_len(h));
		publish(t);
		host_run(h, host_random(h, 1, host_chance(h, 50) ? 200 : 10000));
		seen = look(t) && !t->answered;
		if (seen && host_chance(h, 30)) {
			answer(t);
			host_run(h, host_random(h, 1, 300));
		}
		if (host_chance(h, 50)) {
			unsigned int polls = 0;

			queue_set(&t->q, VQNIC_REG_QUEUE_RESET, 2, 1);
			while (queue_get(&t->q, VQNIC_REG_QUEUE_RESET, 2)) {
				host_run(h, 10);
				test_check(++polls < RESET_POLLS, "reset never ends");
			}
			test_check(!commands_bit(t), "a command after the reset");
			ring_forget(t);
			ring_start(t);
		} else {
			vdev_goes(t);
			test_check(!commands_bit(t), "a command after the reset");
			ctrl_start(t, t->d->features);
		}
		test_equal(vdev_get(t->d, VQNIC_REG_VDEV_COMMAND, 4), 0, "command after the reset");
		if (seen)
			answer_with(t, t->tag, 0x55);
		test_check(command_add(t, random_len(h)), "no room");
		publish(t);
		if (seen) {
			unsigned int old = t->tag;

			host_drain(h, DRAIN);
			test_check(look(t), "no command after the reset");
			answer_with(t, old, 0x55);
			host_drain(h, DRAIN);
			take_completed(t);
			test_equal(t->completed, 0, "completed by an answer to another command");
			late++;
		}
		finish(t);
	}
	test_check(late, "no late answer");
}

static bool quiet(struct ctrl *t)
{
	return vdev_get(t->d, VQNIC_REG_VDEV_STATUS, 4) & VQNIC_VDEV_STATUS_QUIET;
}

/* Suspended, a queue takes no command and completes none; what was answered meanwhile is completed afterwards. */
static void test_suspend(uint64_t seed)
{
	const uint32_t on = VQNIC_VDEV_CONTROL_ENABLE | VQNIC_VDEV_CONTROL_LINK;
	struct card *c = card_on_random_link(seed);
	struct host *h = c->host;
	struct ctrl *t = ctrl_new(c, 0);
	unsigned int pending = 0;

	for (unsigned int i = 0; i < 20; i++) {
		unsigned int polls = 0, completed;

		while (t->posted - t->completed < 2)
			test_check(command_add(t, random_len(h)), "no room");
		publish(t);
		host_run(h, host_random(h, 1, host_chance(h, 50) ? 300 : 5000));
		if (host_chance(h, 30) && look(t) && !t->answered)
			answer(t);
		vdev_set(t->d, VQNIC_REG_VDEV_CONTROL, 4, on | VQNIC_VDEV_CONTROL_SUSPEND);
		while (!quiet(t)) {
			host_run(h, 10);
			test_check(++polls < RESET_POLLS, "never quiet");
		}
		take_completed(t);
		completed = t->completed;
		test_equal(queue_get(&t->q, VQNIC_REG_QUEUE_AVAIL_STATE, 2), t->q.seen, "avail state");
		test_equal(queue_get(&t->q, VQNIC_REG_QUEUE_USED_STATE, 2), t->q.seen, "used state");
		queue_kick(&t->q);
		host_drain(h, DRAIN);
		if (look(t)) {
			pending++;
			if (!t->answered && host_chance(h, 50))
				answer(t);
		}
		host_drain(h, DRAIN);
		test_check(quiet(t), "not quiet any more");
		take_completed(t);
		test_equal(t->completed, completed, "completed while suspended");
		test_check(t->taken <= completed + 1, "taken while suspended");
		vdev_set(t->d, VQNIC_REG_VDEV_CONTROL, 4, on);
		if (host_chance(h, 50))
			finish(t);
	}
	finish(t);
	test_check(pending, "nothing was pending");
}

/* ---- faults ---- */

/* The chain that a fault is made of: a command of 8 bytes and an ack, in descriptors 0 and 1. */
static struct vring_desc *good_chain(struct ctrl *t)
{
	struct vring_desc *desc = t->q.desc;

	desc[0] = (struct vring_desc){ .addr = t->arena, .len = 8, .flags = VRING_DESC_F_NEXT, .next = 1 };
	desc[1] = (struct vring_desc){ .addr = t->arena + 256, .len = 1, .flags = VRING_DESC_F_WRITE };
	space_allow(t->dev.space, t->arena, 64, HOST_READ);
	space_allow(t->dev.space, t->arena + 256, 1, HOST_WRITE);
	return desc;
}

struct fault_case {
	const char *name;
	uint8_t code;
	bool later;			/* found only when the command has been answered */
	bool translated;		/* needs an address space with tables */
	/* Spoils a good chain, whose head it may change; returns the fault's info. */
	uint64_t (*spoil)(struct ctrl *t, struct vring_desc *desc, uint16_t *head);
};

static uint64_t head_beyond(struct ctrl *t, struct vring_desc *desc, uint16_t *head)
{
	(void)desc;
	*head = t->q.size;
	return *head;
}

static uint64_t next_beyond(struct ctrl *t, struct vring_desc *desc, uint16_t *head)
{
	(void)head;
	desc[0].next = (uint16_t)(t->q.size + 3);
	return desc[0].next;
}

static uint64_t loop(struct ctrl *t, struct vring_desc *desc, uint16_t *head)
{
	(void)t;
	*head = 0;
	desc[0].next = 0;
	return 0;
}

static uint64_t empty(struct ctrl *t, struct vring_desc *desc, uint16_t *head)
{
	(void)t;
	(void)head;
	desc[1].len = 0;
	return 0;
}

static uint64_t unknown_flag(struct ctrl *t, struct vring_desc *desc, uint16_t *head)
{
	(void)t;
	(void)head;
	desc[1].flags |= 8;
	return desc[1].flags;
}

static uint64_t readable_last(struct ctrl *t, struct vring_desc *desc, uint16_t *head)
{
	(void)t;
	(void)head;
	desc[1].flags |= VRING_DESC_F_NEXT;
	desc[1].next = 2;
	desc[2] = (struct vring_desc){ .addr = t->arena, .len = 1 };
	return 2;
}

static uint64_t nothing_to_read(struct ctrl *t, struct vring_desc *desc, uint16_t *head)
{
	(void)t;
	(void)desc;
	*head = 1;
	return 0;
}

static uint64_t nothing_to_write(struct ctrl *t, struct vring_desc *desc, uint16_t *head)
{
	(void)t;
	(void)head;
	desc[0].flags = 0;
	return desc[0].len;
}

static uint64_t read_error(struct ctrl *t, struct vring_desc *desc, uint16_t *head)
{
	(void)head;
	space_allow(t->dev.space, desc[0].addr, 8, HOST_FAULT);
	return desc[0].addr;
}

static uint64_t mailbox_error(struct ctrl *t, struct vring_desc *desc, uint16_t *head)
{
	(void)desc;
	(void)head;
	host_allow(t->d->host, t->mailbox, 8, HOST_FAULT);
	return t->mailbox;
}

static uint64_t ack_error(struct ctrl *t, struct vring_desc *desc, uint16_t *head)
{
	(void)head;
	space_allow(t->dev.space, desc[1].addr, 1, HOST_FAULT);
	return desc[1].addr;
}

static uint64_t read_unmapped(struct ctrl *t, struct vring_desc *desc, uint16_t *head)
{
	(void)t;
	(void)head;
	desc[0].addr |= SPACE_END;
	return desc[0].addr;
}

static uint64_t ack_unmapped(struct ctrl *t, struct vring_desc *desc, uint16_t *head)
{
	(void)t;
	(void)head;
	desc[1].addr |= SPACE_END;
	return desc[1].addr;
}

static const struct fault_case fault_cases[] = {
	{ "head_beyond", VQNIC_FAULT_DESC_INDEX, false, false, head_beyond },
	{ "next_beyond", VQNIC_FAULT_DESC_INDEX, false, false, next_beyond },
	{ "loop", VQNIC_FAULT_CHAIN_LOOP, false, false, loop },
	{ "empty", VQNIC_FAULT_DESC_LENGTH, false, false, empty },
	{ "unknown_flag", VQNIC_FAULT_DESC_FLAGS, false, false, unknown_flag },
	{ "readable_last", VQNIC_FAULT_DESC_DIRECTION, false, false, readable_last },
	{ "nothing_to_read", VQNIC_FAULT_CHAIN_SHORT, false, false, nothing_to_read },
	{ "nothing_to_write", VQNIC_FAULT_CHAIN_SHORT, false, false, nothing_to_write },
	{ "read_error", VQNIC_FAULT_DMA_READ, false, false, read_error },
	{ "mailbox_error", VQNIC_FAULT_DMA_WRITE, false, false, mailbox_error },
	{ "ack_error", VQNIC_FAULT_DMA_WRITE, true, false, ack_error },
	{ "read_unmapped", VQNIC_FAULT_IOVA_READ, false, true, read_unmapped },
	{ "ack_unmapped", VQNIC_FAULT_IOVA_WRITE, true, true, ack_unmapped },
};

/* A chain that cannot be right stops the control queue, and nothing of it is a command; a reset makes all well. */
static void test_faults(uint64_t seed)
{
	struct card *c = card_on_random_link(seed);
	struct host *h = c->host;
	struct ctrl *t = ctrl_new(c, 0), *other = ctrl_new(c, 1);

	for (size_t i = 0; i < COUNT(fault_cases); i++) {
		const struct fault_case *f = &fault_cases[i];
		struct vring_desc *desc;
		uint16_t head = 0;
		uint64_t info;

		if (f->translated && t->dev.space->asid == VQNIC_AS_IDENTITY)
			continue;
		host_drain(h, DRAIN);
		desc = good_chain(t);
		info = f->spoil(t, desc, &head);
		avail_add(t, head);
		publish(t);
		host_drain(h, DRAIN);
		if (f->later) {
			uint32_t value = (uint32_t)vdev_get(t->d, VQNIC_REG_VDEV_COMMAND, 4);

			test_check(value & VQNIC_VDEV_COMMAND_PENDING, "%s: no command", f->name);
			answer_with(t, (value & VQNIC_VDEV_COMMAND_TAG) >> TAG_SHIFT, 0);
			host_drain(h, DRAIN);
		}
		test_equal(queue_get(&t->q, VQNIC_REG_QUEUE_FAULT, 1), f->code, "%s", f->name);
		test_equal(queue_get(&t->q, VQNIC_REG_QUEUE_FAULT_INFO, 8), info, "%s", f->name);
		test_check(vdev_get(t->d, VQNIC_REG_DEVICE_STATUS, 1) & VIRTIO_CONFIG_S_NEEDS_RESET, "%s: status", f->name);
		test_equal(vdev_get(t->d, VQNIC_REG_VDEV_COMMAND, 4), 0, "%s: command", f->name);
		test_equal(t->q.used[1], t->q.seen, "%s: used index", f->name);

		/* The vdev's other queues and the other vdev's commands go on. */
		t->d->tx_quota = 3;
		c->pause = 100;
		while (card_busy(c))
			card_step(c);
		card_settle(c);
		test_check(command_add(other, 20), "no room");
		finish(other);

		host_deny(h, t->mailbox, 8, HOST_FAULT);
		vdev_goes(t);
		ctrl_start(t, t->d->features);
		test_check(command_add(t, random_len(h)), "no room");
		finish(t);
	}
}

static const struct test tests[] = {
	{ "shapes", test_shapes, 12 },
	{ "signals", test_signals, 4 },
	{ "unanswered", test_unanswered, 4 },
	{ "no_mailbox", test_no_mailbox, 4 },
	{ "reset", test_reset, 8 },
	{ "suspend", test_suspend, 8 },
	{ "faults", test_faults, 4 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]), cleanup);
}
