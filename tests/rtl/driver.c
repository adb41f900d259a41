// SPDX-License-Identifier: Apache-2.0
/* The driver: see driver.h. */
#include "driver.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#define BUFFER_BYTES_MAX 10000
/* Bytes after a received frame that the card must have left alone. */
#define TAIL_BYTES 130
#define POISON 0xa5
#define USED_POISON 0xffffffffu
/* A reset of a vdev or queue ends within so many polls. */
#define RESET_POLLS 100000
#define HEADER_BYTES VQNIC_VNET_HDR_BYTES
#define BASE_FEATURES (1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_F_ACCESS_PLATFORM)

static struct card *current;

static bool has_feature(const struct queue *q, unsigned int bit)
{
	return q->dev->features >> bit & 1;
}

static bool event_idx(const struct queue *q)
{
	return has_feature(q, VIRTIO_RING_F_EVENT_IDX);
}

uint16_t *queue_used_event(struct queue *q)
{
	return &q->avail[2 + q->size];
}

uint16_t *queue_avail_event(struct queue *q)
{
	return &q->used[2 + 4 * q->size];
}

static uint64_t used_entry_addr(const struct queue *q, uint16_t index)
{
	return q->used_addr + 4 + 8ull * (index % q->size);
}

static uint32_t *used_entry(const struct queue *q, uint16_t index)
{
	return (uint32_t *)&q->used[2 + 4 * (index % q->size)];
}

/* Bytes 0 to 11 of a frame are given, the EtherType is one for experiments, the rest follows from `seq`. */
static void fill_frame(uint8_t *frame, uint32_t len, uint64_t seq)
{
	uint64_t state = seq * 0x2545f4914f6cdd1du;

	for (uint32_t i = 12; i < len; i += 8) {
		uint64_t word = rng_next(&state);

		memcpy(frame + i, &word, len - i < 8 ? len - i : 8);
	}
	frame[12] = 0x88;
	frame[13] = 0xb5;
}

static void put_be32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t get_be32(const uint8_t *from)
{
	return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

/* The frame that a vdev sends: its sequence number is in the destination address. */
static void tx_frame(const struct vdev *d, uint8_t *frame, uint32_t seq)
{
	frame[0] = 0x06;
	frame[1] = (uint8_t)d->index;
	put_be32(frame + 2, seq);
	memcpy(frame + 6, d->mac, 6);
	fill_frame(frame, d->tx_len[seq % FRAMES_MAX], (uint64_t)(d->index + 1) << 32 | seq);
}

/* The frame as it leaves: with the checksum that the card was asked for (virtio 5.1.6.2). */
static void finish_tx_frame(const struct vdev *d, uint8_t *frame, uint32_t seq)
{
	uint32_t start = d->tx_csum_start[seq % FRAMES_MAX], len = d->tx_len[seq % FRAMES_MAX], sum = 0;
	uint32_t at = start + d->tx_csum_offset[seq % FRAMES_MAX];

	if (!start)
		return;
	for (uint32_t i = start; i < len; i++)
		sum += (i - start) % 2 ? frame[i] : (uint32_t)frame[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	/* All zeros means that there is none (RFC 768); all ones is the same sum. */
	sum = sum == 0xffff ? sum : ~sum & 0xffff;
	frame[at] = (uint8_t)(sum >> 8);
	frame[at + 1] = (uint8_t)sum;
}

/* The frame that the wire gives: its sequence number is in the source address. */
static void rx_frame(const struct expected *e, uint8_t *frame)
{
	memcpy(frame, e->dst, 6);
	frame[6] = 0x0a;
	frame[7] = 0;
	put_be32(frame + 8, e->seq);
	fill_frame(frame, e->len, e->seq);
}

/* ---- memory of chains ---- */

/* A buffer of a chain, in whichever table it is described. */
struct walk {
	uint64_t table;			/* its address, */
	uint32_t table_bytes;		/* and length, if it is an indirect one; else 0 */
	struct vring_desc desc;
};

static void walk_to(struct queue *q, struct walk *w, uint16_t index)
{
	memcpy(&w->desc, space_at(q->dev->space, w->table + 16ull * index, 16), 16);
	if (w->desc.flags & VRING_DESC_F_INDIRECT) {
		w->table = w->desc.addr;
		w->table_bytes = w->desc.len;
		memcpy(&w->desc, space_at(q->dev->space, w->table, 16), 16);
	}
}

static struct walk walk_chain(struct queue *q, uint16_t head)
{
	struct walk w = { .table = q->desc_addr };

	walk_to(q, &w, head);
	return w;
}

/* False: there is none. */
static bool walk_on(struct queue *q, struct walk *w)
{
	if (!(w->desc.flags & VRING_DESC_F_NEXT))
		return false;
	walk_to(q, w, w->desc.next);
	return true;
}

static void allow_chain(struct queue *q, uint16_t head, bool allow)
{
	void (*set)(struct space *s, uint64_t addr, size_t len, uint8_t rights) = allow ? space_allow : space_deny;
	struct walk w = walk_chain(q, head);

	do
		set(q->dev->space, w.desc.addr, w.desc.len, q->index == RX ? HOST_WRITE : HOST_READ);
	while (walk_on(q, &w));
	if (w.table_bytes)
		set(q->dev->space, w.table, w.table_bytes, HOST_READ);
}

/* Copies the first `len` bytes of a chain out of its buffers (or into them). */
static void copy_chain(struct queue *q, uint16_t head, uint8_t *linear, uint32_t len, bool out)
{
	struct walk w = walk_chain(q, head);

	for (uint32_t done = 0, part; done < len; done += part) {
		uint8_t *buffer;

		part = w.desc.len < len - done ? w.desc.len : len - done;
		buffer = space_at(q->dev->space, w.desc.addr, part);
		if (out)
			memcpy(linear + done, buffer, part);
		else
			memcpy(buffer, linear + done, part);
		walk_on(q, &w);
	}
}

/* Puts the numbers from 0 to count - 1 into a random order. */
static void shuffle(struct host *h, uint16_t *order, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		unsigned int k = (unsigned int)host_random(h, 0, i);

		order[i] = order[k];
		order[k] = (uint16_t)i;
	}
}

/*
 * Makes descriptor `id` refer to a table of `count` buffers of `cuts` bytes, which lie in the descriptor's own memory.
 * The table may have entries that are not used, and lie anywhere (virtio 2.7.5.3).
 */
static void make_table(struct queue *q, uint16_t id, const uint32_t *cuts, unsigned int count)
{
	struct host *h = q->dev->host;
	struct vring_desc *desc = &q->desc[id];
	uint16_t entry[QUEUE_MAX], place[QUEUE_MAX];
	uint64_t offset[QUEUE_MAX], at = q->buffers + (uint64_t)id * QUEUE_BUFFER_BYTES;
	unsigned int entries = count + (unsigned int)host_random(h, 0, 2);
	uint32_t rest = QUEUE_BUFFER_BYTES;
	uint8_t *table;

	if (entries > q->table_entries)
		entries = q->table_entries;
	for (unsigned int i = 0; i < count; i++)
		rest -= cuts[i];
	shuffle(h, place, count);
	for (unsigned int i = 0; i < count; i++) {
		at += host_random(h, 0, rest / count < 100 ? rest / count : 100);
		offset[place[i]] = at;
		at += cuts[place[i]];
	}
	/* The chain begins with entry 0. */
	shuffle(h, entry, entries);
	for (unsigned int i = 0; i < entries; i++)
		if (!entry[i]) {
			entry[i] = entry[0];
			entry[0] = 0;
		}

	desc->addr = q->tables + id * (16ull * q->table_entries + 16) + (host_chance(h, 70) ? 0 : host_random(h, 0, 15));
	desc->len = 16 * entries;
	/* WRITE is to be ignored. */
	desc->flags = VRING_DESC_F_INDIRECT | (host_chance(h, 50) ? VRING_DESC_F_WRITE : 0);
	desc->next = (uint16_t)host_random(h, 0, 0xffff);
	table = space_at(q->dev->space, desc->addr, desc->len);
	for (unsigned int i = 0; i < desc->len; i++)
		table[i] = (uint8_t)rng_next(&h->rng);
	for (unsigned int i = 0; i < count; i++) {
		struct vring_desc buffer = {
			.addr = offset[i], .len = cuts[i],
			.flags = (uint16_t)((i < count - 1 ? VRING_DESC_F_NEXT : 0) |
					    (q->index == RX ? VRING_DESC_F_WRITE : 0)),
			.next = i < count - 1 ? entry[i + 1] : (uint16_t)host_random(h, 0, 0xffff),
		};

		memcpy(table + 16 * entry[i], &buffer, 16);
	}
}

/*
 * A chain of `bytes` in up to `descs` descriptors, split, aligned and linked at random. With INDIRECT_DESC, some of the
 * chains end in a table, behind none or more descriptors of the ring. Returns its head.
 */
static uint16_t make_chain(struct queue *q, uint32_t bytes, unsigned int descs)
{
	struct host *h = q->dev->host;
	uint32_t cuts[QUEUE_MAX];
	uint16_t ids[QUEUE_MAX];
	unsigned int direct, in_table = 0;

	if (has_feature(q, VIRTIO_RING_F_INDIRECT_DESC) && host_chance(h, 60)) {
		in_table = descs < q->table_entries ? descs : q->table_entries;
		if (host_chance(h, 30))
			in_table = (unsigned int)host_random(h, 1, in_table);
		direct = descs - in_table < q->free_count ? descs - in_table : q->free_count - 1;
		descs = direct + in_table;
	} else if (descs > q->free_count) {
		descs = q->free_count;
	}
	if (descs > bytes)
		descs = bytes;
	if (in_table > descs)
		in_table = descs;
	direct = descs - in_table;

	/* Cuts at random distinct places: each part of the rest leaves at least a byte for those after it. */
	for (uint32_t i = 0, rest = bytes; i < descs; i++) {
		uint32_t most = rest - (descs - 1 - i);
		uint32_t fair = 2 * rest / (descs - i);

		cuts[i] = i == descs - 1 ? rest : (uint32_t)host_random(h, 1, fair > most || fair == 0 ? most : fair);
		rest -= cuts[i];
	}
	for (unsigned int i = 0; i < direct + !!in_table; i++) {
		unsigned int pick = (unsigned int)host_random(h, 0, q->free_count - 1);

		ids[i] = q->free[pick];
		q->free[pick] = q->free[--q->free_count];
	}
	for (unsigned int i = 0; i < direct; i++) {
		struct vring_desc *desc = &q->desc[ids[i]];
		uint64_t offset = host_random(h, 0, QUEUE_BUFFER_BYTES - BUFFER_BYTES_MAX);

		if (host_chance(h, 30))
			offset &= ~63ull;
		desc->addr = q->buffers + (uint64_t)ids[i] * QUEUE_BUFFER_BYTES + offset;
		desc->len = cuts[i];
		desc->flags = (uint16_t)((i < descs - 1 ? VRING_DESC_F_NEXT : 0) |
					 (q->index == RX ? VRING_DESC_F_WRITE : 0));
		/* Without NEXT, the field means nothing. */
		desc->next = i < descs - 1 ? ids[i + 1] : (uint16_t)host_random(h, 0, 0xffff);
	}
	if (in_table)
		make_table(q, ids[direct], cuts + direct, in_table);
	q->chains[ids[0]].descs = (uint16_t)(direct + !!in_table);
	q->chains[ids[0]].bytes = bytes;
	return ids[0];
}

static void add_avail(struct queue *q, uint16_t head)
{
	allow_chain(q, head, true);
	q->avail[2 + q->added % q->size] = head;
	q->posted[q->added % q->size] = head;
	q->added++;
}

/* The header of the next frame. */
static void make_tx_header(struct queue *q, uint8_t *bytes)
{
	struct vdev *d = q->dev;
	struct host *h = d->host;
	uint32_t len = d->tx_len[d->tx_seq % FRAMES_MAX];
	uint16_t start = 0, offset = 0;

	/* Without flags and gso_type, the rest of the header means nothing. */
	for (int i = 0; i < HEADER_BYTES; i++)
		bytes[i] = (uint8_t)rng_next(&h->rng);
	bytes[0] = 0;
	bytes[1] = VIRTIO_NET_HDR_GSO_NONE;
	/* A checksum behind the Ethernet header and a tag. */
	if (has_feature(q, VIRTIO_NET_F_CSUM) && len >= 20 && host_chance(h, 60)) {
		uint32_t at = (uint32_t)host_random(h, 18, host_chance(h, 30) ? len - 2 : len < 80 ? len - 2 : 80);

		start = (uint16_t)host_random(h, 1, at);
		offset = (uint16_t)(at - start);
		bytes[0] = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		memcpy(bytes + 6, &start, 2);
		memcpy(bytes + 8, &offset, 2);
	}
	d->tx_csum_start[d->tx_seq % FRAMES_MAX] = start;
	d->tx_csum_offset[d->tx_seq % FRAMES_MAX] = offset;
}

bool queue_add_tx(struct queue *q, uint32_t frame_len, unsigned int descs)
{
	struct vdev *d = q->dev;
	uint8_t bytes[HEADER_BYTES + HOST_FRAME_MAX];
	uint16_t head;

	if (!q->free_count)
		return false;
	head = make_chain(q, HEADER_BYTES + frame_len, descs);
	d->tx_len[d->tx_seq % FRAMES_MAX] = q->chains[head].bytes - HEADER_BYTES;
	make_tx_header(q, bytes);
	q->chains[head].seq = d->tx_seq;
	tx_frame(d, bytes + HEADER_BYTES, d->tx_seq);
	d->tx_seq++;
	copy_chain(q, head, bytes, q->chains[head].bytes, false);
	add_avail(q, head);
	return true;
}

bool queue_add_rx(struct queue *q, uint32_t frame_room, unsigned int descs)
{
	uint8_t bytes[HEADER_BYTES + HOST_FRAME_MAX];
	uint16_t head;

	if (!q->free_count)
		return false;
	head = make_chain(q, HEADER_BYTES + frame_room, descs);
	memset(bytes, POISON, q->chains[head].bytes);
	copy_chain(q, head, bytes, q->chains[head].bytes, false);
	add_avail(q, head);
	return true;
}

void queue_publish(struct queue *q)
{
	q->avail[1] = q->added;
	q->published = q->added;
}

void queue_kick(struct queue *q)
{
	q->kicks++;
	vqnic_model_doorbell(q->dev->host->model, q->doorbell, q->index);
}

void queue_maybe_kick(struct queue *q)
{
	bool need;

	if (event_idx(q))
		need = vring_need_event(*queue_avail_event(q), q->published, q->kicked);
	else
		need = !(q->used[0] & VRING_USED_F_NO_NOTIFY);
	q->kicked = q->published;
	if (need)
		queue_kick(q);
}

bool queue_take_used(struct queue *q)
{
	uint32_t *entry = used_entry(q, q->done);
	uint16_t head, at;

	if (q->done == q->seen)
		return false;
	head = (uint16_t)entry[0];
	at = head;
	for (unsigned int i = 0; i < q->chains[head].descs; i++) {
		q->free[q->free_count++] = at;
		at = q->desc[at].next;
	}
	entry[0] = USED_POISON;
	entry[1] = USED_POISON;
	space_allow(q->dev->space, used_entry_addr(q, q->done), 8, HOST_WRITE);
	q->done++;
	return true;
}

/* ---- what the card does ---- */

/* `count` used entries from `first` on hold a frame. */
static void check_received(struct queue *q, uint16_t first, uint16_t count)
{
	struct vdev *d = q->dev;
	struct host *h = d->host;
	uint8_t bytes[HEADER_BYTES + HOST_FRAME_MAX], frame[HOST_FRAME_MAX];
	uint8_t header[HEADER_BYTES] = { [10] = (uint8_t)count, [11] = (uint8_t)(count >> 8) };
	uint32_t skipped = 0, tail = 0, len = 0;
	struct expected *e = NULL;

	for (uint16_t i = 0; i < count; i++) {
		uint16_t head = q->posted[(uint16_t)(first + i) % q->size];
		uint32_t part = used_entry(q, (uint16_t)(first + i))[1], room = q->chains[head].bytes;

		/* All but the last chain are full. */
		if (part > room || (i < count - 1 && part != room) || !part || len + part > HOST_FRAME_MAX) {
			host_fail(h, "vdev %u: received %u bytes into chain %u, of %u, of a frame", d->index, part, i,
				  room);
			return;
		}
		tail = room - part < TAIL_BYTES ? room - part : TAIL_BYTES;
		copy_chain(q, head, bytes + len, part + tail, true);
		len += part;
	}
	if (len < HEADER_BYTES + VQNIC_FRAME_BYTES_MIN) {
		host_fail(h, "vdev %u: received %u bytes", d->index, len);
		return;
	}
	if (memcmp(bytes, header, HEADER_BYTES))
		host_fail(h, "vdev %u: wrong virtio_net_hdr on a frame received in %u buffers: num_buffers %u", d->index,
			  count, bytes[10] | bytes[11] << 8);
	for (; d->rx_head != d->rx_tail; d->rx_head++, skipped++) {
		e = &d->rx[d->rx_head % FRAMES_MAX];
		if (e->seq == get_be32(bytes + HEADER_BYTES + 8))
			break;
	}
	if (d->rx_head == d->rx_tail) {
		host_fail(h, "vdev %u: received a frame that is not due (number %u)", d->index,
			  get_be32(bytes + HEADER_BYTES + 8));
		return;
	}
	d->rx_head++;
	d->rx_skipped += skipped;
	rx_frame(e, frame);
	if (len != HEADER_BYTES + e->len || memcmp(bytes + HEADER_BYTES, frame, e->len))
		host_fail(h, "vdev %u: received frame %u differs: %u bytes of %u", d->index, e->seq, len - HEADER_BYTES,
			  e->len);
	/* A frame for which there were not enough buffers has written to those that there were. */
	if (has_feature(q, VIRTIO_NET_F_MRG_RXBUF) && d->rx_skipped)
		tail = 0;
	for (uint32_t i = 0; i < tail; i++)
		if (bytes[len + i] != POISON)
			host_fail(h, "vdev %u: byte %u after received frame %u was written", d->index, i, e->seq);
	d->rx_frames++;
	d->rx_bytes += e->len;
}

/* The card has written the used index: all that it says must be true at this moment. */
static void used_index_written(struct queue *q)
{
	struct host *h = q->dev->host;
	uint16_t now = q->used[1];

	if (q->raw) {
		q->seen = now;
		return;
	}
	if ((uint16_t)(now - q->seen) > (uint16_t)(q->published - q->seen)) {
		host_fail(h, "vdev %u queue %u: used index went from %u to %u, avail index is %u", q->dev->index,
			  q->index, q->seen, now, q->published);
		return;
	}
	/* Without MRG_RXBUF each chain is a frame, with it all that come together are one. */
	for (uint16_t i = q->seen; q->index == RX && i != now; i++) {
		if (has_feature(q, VIRTIO_NET_F_MRG_RXBUF)) {
			check_received(q, i, (uint16_t)(now - i));
			break;
		}
		check_received(q, i, 1);
	}
	for (; q->seen != now; q->seen++) {
		uint16_t head = q->posted[q->seen % q->size];
		uint32_t *entry = used_entry(q, q->seen);

		if (entry[0] != head) {
			host_fail(h, "vdev %u queue %u: used entry %u is 0x%x, not %u", q->dev->index, q->index,
				  q->seen, entry[0], head);
			return;
		}
		if (q->index == TX && entry[1])
			host_fail(h, "vdev %u: used length %u of a transmit chain is not 0", q->dev->index, entry[1]);
		allow_chain(q, head, false);
		space_deny(q->dev->space, used_entry_addr(q, q->seen), 8, HOST_WRITE);
		q->used_total++;
	}
}

static void on_write(void *listener, const uint8_t *memory, size_t len)
{
	struct card *c = listener;

	for (unsigned int i = 0; i < c->count; i++) {
		for (unsigned int k = 0; k < 2; k++) {
			struct queue *q = &c->vdev[i].queue[k];
			const uint8_t *index = q->used ? (const uint8_t *)&q->used[1] : NULL;

			if (index && memory < index + 2 && memory + len > index)
				used_index_written(q);
		}
	}
}

/* A frame that a test made in a ring of its own. One of the driver's has its destination, and its source address. */
static bool made_by_test(const struct card *c, const uint8_t *frame, size_t len)
{
	bool raw = false;

	for (unsigned int i = 0; i < c->count; i++)
		raw |= c->vdev[i].queue[TX].raw;
	return raw && (len < VQNIC_FRAME_BYTES_MIN || frame[0] != 0x06 || frame[1] >= c->count ||
		       memcmp(frame + 6, c->vdev[frame[1]].mac, 6));
}

static void on_tx(void *listener, const uint8_t *frame, size_t len)
{
	struct card *c = listener;
	uint8_t sent[HOST_FRAME_MAX];
	struct vdev *d;
	uint32_t seq;

	c->wire_tx_frames++;
	c->wire_tx_bytes += len;
	if (made_by_test(c, frame, len))
		return;
	if (len < VQNIC_FRAME_BYTES_MIN || frame[0] != 0x06 || frame[1] >= c->count) {
		host_fail(c->host, "a frame of %zu bytes left that nobody sent", len);
		return;
	}
	d = &c->vdev[frame[1]];
	seq = get_be32(frame + 2);
	if (seq - d->tx_wire_seq >= d->tx_seq - d->tx_wire_seq ||
	    (seq != d->tx_wire_seq && (int32_t)(d->tx_lost_end - seq) < 0)) {
		host_fail(c->host, "vdev %u: frame %u left, but %u was next", d->index, seq, d->tx_wire_seq);
		return;
	}
	d->tx_wire_seq = seq + 1;
	tx_frame(d, sent, seq);
	finish_tx_frame(d, sent, seq);
	if (len != d->tx_len[seq % FRAMES_MAX] || memcmp(frame, sent, len))
		host_fail(c->host, "vdev %u: sent frame %u differs: %zu bytes of %u", d->index, seq, len,
			  d->tx_len[seq % FRAMES_MAX]);
	d->tx_frames++;
	d->tx_bytes += len;
}

/* ---- set-up ---- */

static void card_free(void)
{
	for (unsigned int i = 0; current && i < current->count; i++)
		space_free(current->vdev[i].space);
	free(current);
	current = NULL;
}

void card_translate(struct card *c, unsigned int vdevs)
{
	uint64_t layout = rng_next(&c->host->rng);
	unsigned int asid = (unsigned int)host_random(c->host, 1, VQNIC_ADDRESS_SPACE_COUNT - c->count);

	for (unsigned int i = 0; i < c->count; i++) {
		space_free(c->vdev[i].space);
		c->vdev[i].space = space_new(c->host, vdevs >> i & 1 ? asid + i : VQNIC_AS_IDENTITY, layout);
	}
}

/* One of the first `count` vdevs has this number, or this pair. */
static bool taken_number(const struct card *c, unsigned int count, unsigned int number)
{
	for (unsigned int i = 0; i < count; i++)
		if (c->vdev[i].number == number)
			return true;
	return false;
}

static bool taken_pair(const struct card *c, unsigned int count, uint16_t pair)
{
	for (unsigned int i = 0; i < count; i++)
		if (c->vdev[i].pair == pair)
			return true;
	return false;
}

struct card *card_new(struct host *h)
{
	uint16_t vector = (uint16_t)host_random(h, 1, 10);
	struct card *c = calloc(1, sizeof(*c));

	if (!c) {
		fprintf(stderr, "out of memory\n");
		exit(1);
	}
	card_free();
	current = c;
	c->host = h;
	c->count = host_chance(h, 50) ? 2 : (unsigned int)host_random(h, 3, CARD_VDEVS);
	h->on_write = on_write;
	h->on_tx = on_tx;
	h->listener = c;
	for (unsigned int i = 0; i < c->count; i++) {
		struct vdev *d = &c->vdev[i];

		d->host = h;
		d->index = i;
		do
			d->number = (unsigned int)host_random(h, 0, VQNIC_VDEVS - 1);
		while (taken_number(c, i, d->number));
		do
			d->pair = (uint16_t)host_random(h, 0, VQNIC_PAIRS - 1);
		while (taken_pair(c, i, d->pair));
		for (int k = 0; k < 6; k++)
			d->mac[k] = (uint8_t)rng_next(&h->rng);
		d->mac[0] = 0x02;
		d->mac[1] = (uint8_t)i;
		d->config_vector = vector;
		vector += (uint16_t)host_random(h, 1, 3);
		for (unsigned int k = 0; k < 2; k++) {
			d->queue[k].dev = d;
			d->queue[k].index = k;
			d->queue[k].vector = vector;
			vector += (uint16_t)host_random(h, 1, 3);
		}
	}
	card_translate(c, (unsigned int)host_random(h, 0, (1u << c->count) - 1));
	return c;
}

void card_cleanup(void)
{
	card_free();
	host_cleanup();
}

struct vdev_config vdev_random_config(struct host *h)
{
	struct vdev_config config = {
		.features = (host_chance(h, 60) ? 1ull << VIRTIO_RING_F_EVENT_IDX : 0) |
			(host_chance(h, 50) ? 1ull << VIRTIO_RING_F_INDIRECT_DESC : 0) |
			(host_chance(h, 50) ? 1ull << VIRTIO_NET_F_MRG_RXBUF : 0) |
			(host_chance(h, 50) ? 1ull << VIRTIO_NET_F_CSUM : 0) |
			(host_chance(h, 50) ? 1ull << VIRTIO_NET_F_GUEST_CSUM : 0),
		.mtu = (uint16_t)(host_chance(h, 50) ? 1500 : host_random(h, VQNIC_MTU_LIMIT_MIN, VQNIC_MTU_LIMIT_MAX)),
		.chain_max = host_chance(h, 20) ? QUEUE_MAX : (unsigned int)host_random(h, 1, 20),
		.joined = host_chance(h, 30),
	};

	for (int i = 0; i < 2; i++) {
		config.size[i] = (uint16_t)(1u << host_random(h, 1, 10));
		config.first_index[i] = (uint16_t)(host_chance(h, 50) ? 0 : host_chance(h, 50) ?
			host_random(h, 65500, 65535) : host_random(h, 0, 65535));
	}
	config.rx_bytes_min = config.mtu + 18u;
	/* Up to a dozen or two of buffers for a frame. */
	config.rx_room_max = (uint32_t)host_random(h, config.mtu / 8, config.mtu + 18u);
	return config;
}

uint64_t vdev_get(struct vdev *d, uint32_t offset, unsigned int bytes)
{
	return host_get(d->host, vdev_reg(d->number, offset), bytes);
}

void vdev_set(struct vdev *d, uint32_t offset, unsigned int bytes, uint64_t value)
{
	host_set(d->host, vdev_reg(d->number, offset), bytes, value);
}

uint64_t queue_get(struct queue *q, uint32_t offset, unsigned int bytes)
{
	vdev_set(q->dev, VQNIC_REG_QUEUE_SELECT, 2, q->index);
	return vdev_get(q->dev, offset, bytes);
}

void queue_set(struct queue *q, uint32_t offset, unsigned int bytes, uint64_t value)
{
	vdev_set(q->dev, VQNIC_REG_QUEUE_SELECT, 2, q->index);
	vdev_set(q->dev, offset, bytes, value);
}

void vdev_take_pair(struct vdev *d, unsigned int slot, uint16_t pair)
{
	uint32_t offset = VQNIC_REG_VDEV_PAIR + 4 * slot, value = VQNIC_VDEV_PAIR_VALID | pair;
	unsigned int polls = 0;

	if (vdev_get(d, offset, 4) == value)
		return;
	vdev_set(d, offset, 4, value);
	while (vdev_get(d, offset, 4) != value) {
		host_run(d->host, 10);
		test_check(++polls < RESET_POLLS, "vdev %u: never gets pair %u", d->number, pair);
	}
}

void vdev_own(struct vdev *d, const struct vdev_config *config)
{
	struct filter_access filter = host_filter(d->host);

	d->config = *config;
	vdev_take_pair(d, 0, d->pair);
	vdev_set(d, VQNIC_REG_VDEV_MAC_LO, 4, d->mac[0] | (uint32_t)d->mac[1] << 8 | (uint32_t)d->mac[2] << 16 |
		 (uint32_t)d->mac[3] << 24);
	vdev_set(d, VQNIC_REG_VDEV_MAC_HI, 4, d->mac[4] | (uint32_t)d->mac[5] << 8);
	vdev_set(d, VQNIC_REG_VDEV_RX_MODE, 4, 0);
	vdev_set(d, VQNIC_REG_VDEV_POLICY, 4, 0);
	test_check(filter_set_mac(&filter, d->mac, 1u << d->number), "vdev %u: no room in the MAC table", d->index);
	vdev_set(d, VQNIC_REG_VDEV_MTU, 4, config->mtu);
	space_install(d->space);
	vdev_set(d, VQNIC_REG_VDEV_AS_DATA, 2, d->space->asid);
	test_equal(vdev_get(d, VQNIC_REG_VDEV_AS_DATA, 2), d->space->asid, "vdev %u", d->index);
	vdev_set(d, VQNIC_REG_VDEV_CONTROL, 4, VQNIC_VDEV_CONTROL_ENABLE | VQNIC_VDEV_CONTROL_LINK);
}

void vdev_negotiate(struct vdev *d)
{
	uint64_t offered = 0;
	uint8_t status = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;

	test_equal(vdev_get(d, VQNIC_REG_DEVICE_STATUS, 1), 0, "vdev %u: status before the driver", d->index);
	vdev_set(d, VQNIC_REG_DEVICE_STATUS, 1, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	vdev_set(d, VQNIC_REG_DEVICE_STATUS, 1, status);
	for (uint32_t i = 0; i < 2; i++) {
		vdev_set(d, VQNIC_REG_DEVICE_FEATURE_SELECT, 4, i);
		offered |= vdev_get(d, VQNIC_REG_DEVICE_FEATURE, 4) << 32 * i;
	}
	d->features = BASE_FEATURES | d->config.features;
	test_equal(d->features & ~offered, 0, "vdev %u: features that are not offered", d->index);
	d->features |= offered & (1ull << VIRTIO_NET_F_MAC | 1ull << VIRTIO_NET_F_STATUS | 1ull << VIRTIO_NET_F_MTU);
	for (uint32_t i = 0; i < 2; i++) {
		vdev_set(d, VQNIC_REG_DRIVER_FEATURE_SELECT, 4, i);
		vdev_set(d, VQNIC_REG_DRIVER_FEATURE, 4, d->features >> 32 * i);
	}
	status |= VIRTIO_CONFIG_S_FEATURES_OK;
	vdev_set(d, VQNIC_REG_DEVICE_STATUS, 1, status);
	test_equal(vdev_get(d, VQNIC_REG_DEVICE_STATUS, 1), status, "vdev %u: status", d->index);
	vdev_set(d, VQNIC_REG_CONFIG_MSIX_VECTOR, 2, d->config_vector);
}

void queue_map(struct queue *q, uint16_t size, uint16_t first_index)
{
	struct host *h = q->dev->host;
	struct space *space = q->dev->space;
	size_t avail_bytes = 6 + 2u * size, used_bytes = 6 + 8u * size;

	q->size = size;
	q->joined = q->dev->config.joined;
	if (q->joined) {
		q->desc_addr = space_map(space, 16u * size + avail_bytes + 2 + used_bytes, 16, true);
		q->avail_addr = q->desc_addr + 16u * size;
		q->used_addr = (q->avail_addr + avail_bytes + 2) & ~3ull;
	} else {
		q->desc_addr = space_map(space, 16u * size, 16, false);
		q->avail_addr = space_map(space, avail_bytes, 2, false);
		q->used_addr = space_map(space, used_bytes, 4, true);
	}
	q->buffers = space_map(space, (size_t)size * QUEUE_BUFFER_BYTES, 1, q->index == RX);
	q->table_entries = size < q->dev->config.chain_max ? size : (uint16_t)q->dev->config.chain_max;
	if (has_feature(q, VIRTIO_RING_F_INDIRECT_DESC))
		q->tables = space_map(space, size * (16ull * q->table_entries + 16), 1, false);
	q->desc = space_at(space, q->desc_addr, 16u * size);
	q->avail = space_at(space, q->avail_addr, avail_bytes);
	q->used = space_at(space, q->used_addr, used_bytes);
	space_allow(space, q->desc_addr, 16u * size, HOST_READ);
	space_allow(space, q->avail_addr, event_idx(q) ? avail_bytes : avail_bytes - 2, HOST_READ);
	space_allow(space, q->used_addr, event_idx(q) ? used_bytes : used_bytes - 2, HOST_WRITE);

	q->free_count = 0;
	for (uint16_t i = 0; i < size; i++) {
		q->free[q->free_count++] = i;
		used_entry(q, i)[0] = USED_POISON;
		used_entry(q, i)[1] = USED_POISON;
	}
	q->added = q->published = q->kicked = q->seen = q->done = q->armed = first_index;
	q->avail[1] = first_index;
	q->used[1] = first_index;
	*queue_used_event(q) = first_index;
	*queue_avail_event(q) = first_index;
	q->state = QUEUE_WAITS;
	q->raw = false;
	h->msix_pending[q->vector] = false;
}

void queue_enable(struct queue *q)
{
	queue_set(q, VQNIC_REG_QUEUE_SIZE, 2, q->size);
	test_equal(queue_get(q, VQNIC_REG_QUEUE_SIZE, 2), q->size, "queue size");
	queue_set(q, VQNIC_REG_QUEUE_MSIX_VECTOR, 2, q->vector);
	queue_set(q, VQNIC_REG_QUEUE_DESC, 8, q->desc_addr);
	queue_set(q, VQNIC_REG_QUEUE_DRIVER, 8, q->avail_addr);
	queue_set(q, VQNIC_REG_QUEUE_DEVICE, 8, q->used_addr);
	queue_set(q, VQNIC_REG_QUEUE_AVAIL_STATE, 2, q->seen);
	queue_set(q, VQNIC_REG_QUEUE_USED_STATE, 2, q->seen);
	q->doorbell = (uint32_t)vdev_get(q->dev, VQNIC_REG_VDEV_DOORBELLS, 4) +
		(uint32_t)queue_get(q, VQNIC_REG_QUEUE_NOTIFY_OFF, 2) *
		(uint32_t)host_get(q->dev->host, VQNIC_REG_DOORBELL_STRIDE, 4);
	queue_set(q, VQNIC_REG_QUEUE_ENABLE, 2, 1);
	test_equal(queue_get(q, VQNIC_REG_QUEUE_ENABLE, 2), 1, "queue enable");
}

void vdev_start(struct vdev *d, const struct vdev_config *config)
{
	vdev_own(d, config);
	vdev_negotiate(d);
	for (unsigned int i = 0; i < 2; i++) {
		queue_map(&d->queue[i], config->size[i], config->first_index[i]);
		queue_enable(&d->queue[i]);
	}
	vdev_set(d, VQNIC_REG_DEVICE_STATUS, 1, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
		 VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
}

void queue_forget(struct queue *q)
{
	struct space *space = q->dev->space;

	if (!q->used)
		return;
	for (; q->seen != q->added && !q->raw; q->seen++)
		allow_chain(q, q->posted[q->seen % q->size], false);
	space_deny(space, q->desc_addr, 16u * q->size, HOST_READ);
	space_deny(space, q->avail_addr, 6 + 2u * q->size, HOST_READ);
	space_deny(space, q->used_addr, 6 + 8u * q->size, HOST_WRITE);
	space_unmap(space, q->desc_addr);
	if (!q->joined) {
		space_unmap(space, q->avail_addr);
		space_unmap(space, q->used_addr);
	}
	space_unmap(space, q->buffers);
	if (has_feature(q, VIRTIO_RING_F_INDIRECT_DESC))
		space_unmap(space, q->tables);
	q->used = NULL;
	if (q->index == TX)
		q->dev->tx_lost_end = q->dev->tx_seq;
}

void vdev_reset(struct vdev *d)
{
	unsigned int polls = 0;

	vdev_set(d, VQNIC_REG_DEVICE_STATUS, 1, 0);
	while (vdev_get(d, VQNIC_REG_DEVICE_STATUS, 1)) {
		host_run(d->host, 10);
		test_check(++polls < RESET_POLLS, "vdev %u: reset never ends", d->index);
	}
	queue_forget(&d->queue[RX]);
	queue_forget(&d->queue[TX]);
}

void queue_reset(struct queue *q)
{
	unsigned int polls = 0;

	queue_set(q, VQNIC_REG_QUEUE_RESET, 2, 1);
	while (queue_get(q, VQNIC_REG_QUEUE_RESET, 2)) {
		host_run(q->dev->host, 10);
		test_check(++polls < RESET_POLLS, "vdev %u queue %u: reset never ends", q->dev->index, q->index);
	}
	test_equal(queue_get(q, VQNIC_REG_QUEUE_ENABLE, 2), 0, "queue enable after queue reset");
	queue_forget(q);
}

/* ---- steps ---- */

uint32_t vdev_random_frame_len(struct vdev *d)
{
	struct host *h = d->host;
	uint32_t most = d->config.mtu + 14u, len;

	switch (host_random(h, 0, 5)) {
	case 0:
		return (uint32_t)host_random(h, VQNIC_FRAME_BYTES_MIN, 80);
	case 1:		/* around multiples of the bus width */
		len = (uint32_t)(host_random(h, 1, most / 64 + 1) * 64 + host_random(h, 0, 2) - 1);
		break;
	case 2:
		return most - (uint32_t)host_random(h, 0, 3);
	default:
		len = (uint32_t)host_random(h, VQNIC_FRAME_BYTES_MIN, most);
	}
	return len > most ? most : len;
}

static unsigned int random_descs(struct vdev *d)
{
	unsigned int most = d->config.chain_max;

	return (unsigned int)host_random(d->host, 1, most > 4 && host_chance(d->host, 80) ? 4 : most);
}

static bool post(struct queue *q)
{
	struct vdev *d = q->dev;
	unsigned int batch = (unsigned int)host_random(d->host, 1, host_chance(d->host, 20) ? 32 : 3);
	bool any = false;

	while (batch--) {
		if (q->index == RX) {
			uint32_t room = has_feature(q, VIRTIO_NET_F_MRG_RXBUF) && d->config.rx_room_max ?
				(uint32_t)host_random(d->host, 0, d->config.rx_room_max) :
				d->config.rx_bytes_min + (host_chance(d->host, 30) ?
							  (uint32_t)host_random(d->host, 0, 300) : 0);

			if (!d->rx_posting || !queue_add_rx(q, room, random_descs(d)))
				break;
		} else {
			if (!d->tx_quota || d->tx_seq - d->tx_wire_seq >= FRAMES_MAX ||
			    !queue_add_tx(q, vdev_random_frame_len(d), random_descs(d)))
				break;
			d->tx_quota--;
		}
		any = true;
	}
	return any;
}

/* Lets the card interrupt again. Sometimes only later, when most of what is out has come back. */
static void arm(struct queue *q)
{
	struct host *h = q->dev->host;

	if (!event_idx(q)) {
		q->avail[0] = 0;
		q->armed = q->done;
		return;
	}
	q->armed = q->done;
	if (q->index == TX && q->dev->tx_quota && host_chance(h, 50))
		q->armed += (uint16_t)((uint16_t)(q->published - q->done) * 3u / 4);
	*queue_used_event(q) = q->armed;
}

/* Used entries that are there although the driver waits for an interrupt: more than it may have to wait with. */
static bool overdue(const struct queue *q)
{
	return (uint16_t)(q->seen - q->done) > (uint16_t)(q->armed - q->done);
}

static bool queue_step(struct queue *q)
{
	struct host *h = q->dev->host;
	bool any = false;

	if (!q->used || q->raw)
		return false;
	if (host_chance(h, 40))
		any |= post(q);
	if (q->published != q->added && host_chance(h, 60)) {
		queue_publish(q);
		any = true;
	}
	if (q->kicked != q->published && host_chance(h, 60)) {
		queue_maybe_kick(q);
		any = true;
	}
	switch (q->state) {
	case QUEUE_WAITS:
		if (!h->msix_pending[q->vector] || host_chance(h, 40))
			break;
		h->msix_pending[q->vector] = false;
		q->state = QUEUE_POLLS;
		if (!event_idx(q) && host_chance(h, 70))
			q->avail[0] = VRING_AVAIL_F_NO_INTERRUPT;
		any = true;
		break;
	case QUEUE_POLLS:
		for (unsigned int budget = (unsigned int)host_random(h, 0, 16); budget; budget--)
			if (!queue_take_used(q))
				break;
		if (q->done == q->seen && host_chance(h, 60)) {
			arm(q);
			q->state = QUEUE_ARMED;
		}
		any = true;
		break;
	case QUEUE_ARMED:
		if (host_chance(h, 40))
			break;
		q->state = overdue(q) ? QUEUE_POLLS : QUEUE_WAITS;
		any = true;
		break;
	}
	return any;
}

bool vdev_step(struct vdev *d)
{
	bool any = queue_step(&d->queue[TX]);

	return queue_step(&d->queue[RX]) || any;
}

static bool queue_quiet(const struct queue *q)
{
	return !q->used || q->raw ||
	       (q->published == q->added && q->kicked == q->published && q->state == QUEUE_WAITS &&
		!q->dev->host->msix_pending[q->vector]);
}

bool vdev_quiet(struct vdev *d)
{
	return queue_quiet(&d->queue[RX]) && queue_quiet(&d->queue[TX]);
}

bool card_send(struct card *c, const uint8_t dst[6], uint32_t len, unsigned int to)
{
	struct expected e = { .seq = c->rx_seq, .len = len };
	uint8_t frame[HOST_FRAME_MAX];

	memcpy(e.dst, dst, 6);
	rx_frame(&e, frame);
	for (unsigned int i = 0; i < c->count; i++)
		if (to >> i & 1 && c->vdev[i].rx_tail - c->vdev[i].rx_head == FRAMES_MAX)
			return false;
	if (!vqnic_model_rx_frame(c->host->model, frame, len, false))
		return false;
	c->rx_seq++;
	c->wire_rx_frames++;
	c->wire_rx_bytes += len;
	for (unsigned int i = 0; i < c->count; i++)
		if (to >> i & 1)
			c->vdev[i].rx[c->vdev[i].rx_tail++ % FRAMES_MAX] = e;
	return true;
}

void card_random_stalls(struct card *c)
{
	static const unsigned int stalls[] = { 0, 0, 20, 128, 220 };
	struct host *h = c->host;

	vqnic_model_set_stall(h->model, stalls[host_random(h, 0, 4)], stalls[host_random(h, 0, 4)],
			      stalls[host_random(h, 0, 4)], rng_next(&h->rng));
}

void card_start_traffic(struct card *c, unsigned int frames)
{
	c->pause = host_chance(c->host, 50) ? 40 : 400;
	c->rx_quota = frames * c->count;
	for (unsigned int i = 0; i < c->count; i++) {
		c->vdev[i].tx_quota = frames;
		c->vdev[i].rx_posting = true;
	}
}

bool card_busy(const struct card *c)
{
	bool busy = c->rx_quota;

	for (unsigned int i = 0; i < c->count; i++)
		busy |= c->vdev[i].tx_quota && c->vdev[i].queue[TX].used;
	return busy;
}

/* Sends a frame from the wire to a random vdev, or to all. False: not now. */
static bool send_some(struct card *c)
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct host *h = c->host;
	struct vdev *d = &c->vdev[host_random(h, 0, c->count - 1)];
	uint32_t len = vdev_random_frame_len(d);

	if (c->no_broadcast || host_chance(h, 90))
		return card_send(c, d->mac, len, 1u << d->index);
	for (unsigned int i = 0; i < c->count; i++)
		if (len > c->vdev[i].config.mtu + 14u)
			len = c->vdev[i].config.mtu + 14u;
	return card_send(c, broadcast, len, (1u << c->count) - 1);
}

/* The card is idle and the driver has nothing to do: is there anything that should have happened? */
static void check_nothing_lost(struct queue *q)
{
	if (!q->used || q->raw)
		return;
	test_check(q->index == RX || q->seen == q->published,
		   "vdev %u queue %u: lost kick: avail index %u, used index %u, avail_event %u, card idle",
		   q->dev->index, q->index, q->published, q->seen, *queue_avail_event(q));
	test_check(!overdue(q), "vdev %u queue %u: lost interrupt: used index %u, taken up to %u, used_event %u",
		   q->dev->index, q->index, q->seen, q->done, q->armed);
}

/* True if the card is idle and the drivers have nothing to do; then nothing may be missing. */
static bool still(struct card *c)
{
	if (!vqnic_model_idle(c->host->model))
		return false;
	for (unsigned int i = 0; i < c->count; i++)
		if (!vdev_quiet(&c->vdev[i]))
			return false;
	for (unsigned int i = 0; i < c->count; i++) {
		check_nothing_lost(&c->vdev[i].queue[RX]);
		check_nothing_lost(&c->vdev[i].queue[TX]);
	}
	return true;
}

void card_step(struct card *c)
{
	for (unsigned int i = 0; i < c->count; i++)
		vdev_step(&c->vdev[i]);
	if (c->rx_quota && host_chance(c->host, 30) && send_some(c))
		c->rx_quota--;
	host_run(c->host, host_random(c->host, 1, c->pause));
	still(c);
}

void vdev_check_no_loss(struct vdev *d)
{
	test_equal(d->tx_wire_seq, d->tx_seq, "vdev %u: frames that left", d->index);
	test_equal(d->rx_skipped + (d->rx_tail - d->rx_head), 0, "vdev %u: frames that did not arrive", d->index);
}

void card_settle(struct card *c)
{
	bool done;

	do {
		for (unsigned int i = 0; i < c->count; i++)
			vdev_step(&c->vdev[i]);
		host_run(c->host, host_random(c->host, 1, 100));
		done = still(c);
		for (unsigned int i = 0; i < c->count; i++)
			done &= !c->vdev[i].tx_quota;
	} while (!done);
}

void card_check_counters(struct card *c)
{
	struct host *h = c->host;

	test_equal(host_get(h, VQNIC_REG_WIRE_RX_FRAMES, 8), c->wire_rx_frames, "card");
	test_equal(host_get(h, VQNIC_REG_WIRE_RX_BYTES, 8), c->wire_rx_bytes, "card");
	test_equal(host_get(h, VQNIC_REG_WIRE_RX_DROP_ERROR, 8), c->rx_drop_error, "card");
	test_equal(host_get(h, VQNIC_REG_WIRE_RX_DROP_FILTER, 8), c->rx_drop_filter, "card");
	test_equal(host_get(h, VQNIC_REG_WIRE_TX_FRAMES, 8), c->wire_tx_frames, "card");
	test_equal(host_get(h, VQNIC_REG_WIRE_TX_BYTES, 8), c->wire_tx_bytes, "card");
	for (unsigned int i = 0; i < c->count; i++) {
		struct vdev *d = &c->vdev[i];
		uint64_t lost = d->rx_skipped + (d->rx_tail - d->rx_head);

		test_equal(vdev_get(d, VQNIC_REG_TX_FRAMES, 8), d->tx_frames, "vdev %u", i);
		test_equal(vdev_get(d, VQNIC_REG_TX_BYTES, 8), d->tx_bytes, "vdev %u", i);
		test_equal(vdev_get(d, VQNIC_REG_RX_FRAMES, 8), d->rx_frames, "vdev %u", i);
		test_equal(vdev_get(d, VQNIC_REG_RX_BYTES, 8), d->rx_bytes, "vdev %u", i);
		test_equal(vdev_get(d, VQNIC_REG_RX_DROP_NO_BUFFER, 8) + vdev_get(d, VQNIC_REG_RX_DROP_TOO_LONG, 8) +
			   vdev_get(d, VQNIC_REG_RX_DROP_NOT_READY, 8), lost, "vdev %u", i);
		test_equal(vdev_get(d, VQNIC_REG_INTERRUPTS, 8),
			   h->msix_seen[d->config_vector] + h->msix_seen[d->queue[RX].vector] +
			   h->msix_seen[d->queue[TX].vector], "vdev %u", i);
	}
}
