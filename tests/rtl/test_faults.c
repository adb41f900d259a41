// SPDX-License-Identifier: Apache-2.0
/*
 * Malformed rings and page tables: each fault code, provoked in one queue while everything else runs. The queue stops
 * with the right code, touches nothing more, everybody else loses nothing, and after a reset the queue works again.
 */
#include <string.h>

#include "driver.h"
#include "test.h"

#define DRAIN 100000
#define EVENT_VECTOR 31
#define RAW_BYTES 256			/* of each buffer of a malformed chain */
#define RAW_FRAME 200			/* bytes of a frame: fits into one, and more than the ring's descriptors */
#define RING 128

/* Makes a ring malformed. Returns what QUEUE_FAULT_INFO must say. */
typedef uint64_t provoke_fn(struct queue *q);

/* Where descriptor `id` of a malformed chain points to: aligned, as an error response covers a burst from its start. */
static uint64_t raw_addr(struct queue *q, uint16_t id)
{
	return (q->buffers + id * (uint64_t)QUEUE_BUFFER_BYTES + 4096) & ~4095ull;
}

/* Makes descriptor `id` one of a malformed chain: RAW_BYTES, with the queue's direction. */
static struct vring_desc *raw_desc(struct queue *q, uint16_t id, uint16_t flags, uint16_t next)
{
	struct vring_desc *desc = &q->desc[id];

	desc->addr = raw_addr(q, id);
	desc->len = RAW_BYTES;
	desc->flags = flags | (q->index == RX ? VRING_DESC_F_WRITE : 0);
	desc->next = next;
	memset(space_at(q->dev->space, desc->addr, RAW_BYTES), 0, RAW_BYTES);
	space_allow(q->dev->space, desc->addr, RAW_BYTES, q->index == RX ? HOST_WRITE : HOST_READ);
	return desc;
}

/* Makes `head` available. */
static void raw_avail(struct queue *q, uint16_t head)
{
	q->avail[2 + q->added % q->size] = head;
	q->added++;
	queue_publish(q);
}

static uint64_t avail_ahead(struct queue *q)
{
	raw_desc(q, 0, 0, 0);
	raw_avail(q, 0);
	q->avail[1] = (uint16_t)(q->seen + q->size + 1);
	return q->avail[1];
}

static uint64_t avail_back(struct queue *q)
{
	q->avail[1] = (uint16_t)(q->seen - 1);
	return q->avail[1];
}

static uint64_t head_beyond(struct queue *q)
{
	uint16_t head = (uint16_t)host_random(q->dev->host, q->size, 0xffff);

	raw_avail(q, head);
	return head;
}

static uint64_t next_beyond(struct queue *q)
{
	uint16_t next = (uint16_t)host_random(q->dev->host, q->size, 0xffff);

	raw_desc(q, 1, VRING_DESC_F_NEXT, 2)->len = 20;
	raw_desc(q, 2, VRING_DESC_F_NEXT, next)->len = 20;
	raw_avail(q, 1);
	return next;
}

static uint64_t loop_of(struct queue *q, uint16_t descs)
{
	for (uint16_t i = 0; i < descs; i++)
		raw_desc(q, i, VRING_DESC_F_NEXT, (uint16_t)((i + 1) % descs))->len = 1;
	raw_avail(q, descs - 1);
	return descs - 1u;
}

static uint64_t loop_short(struct queue *q)
{
	return loop_of(q, 1);
}

static uint64_t loop_long(struct queue *q)
{
	return loop_of(q, q->size);
}

static uint64_t length_zero(struct queue *q)
{
	raw_desc(q, 0, VRING_DESC_F_NEXT, 3)->len = 20;
	raw_desc(q, 3, 0, 0)->len = 0;
	raw_avail(q, 0);
	return 0;
}

static uint64_t length_wraps(struct queue *q)
{
	struct vring_desc *desc = raw_desc(q, 0, 0, 0);

	desc->addr = UINT64_MAX - 30;
	desc->len = RAW_BYTES;
	raw_avail(q, 0);
	return RAW_BYTES;
}

static uint64_t flags_indirect(struct queue *q)
{
	struct vring_desc *desc = raw_desc(q, 0, VRING_DESC_F_INDIRECT, 0);

	raw_avail(q, 0);
	return desc->flags;
}

static uint64_t flags_unknown(struct queue *q)
{
	struct vring_desc *desc = raw_desc(q, 0, (uint16_t)(1u << host_random(q->dev->host, 3, 15)), 0);

	raw_avail(q, 0);
	return desc->flags;
}

static uint64_t direction(struct queue *q)
{
	raw_desc(q, 4, VRING_DESC_F_NEXT, 5)->len = 20;
	raw_desc(q, 5, 0, 0)->flags ^= VRING_DESC_F_WRITE;
	space_deny(q->dev->space, q->desc[5].addr, RAW_BYTES, HOST_READ | HOST_WRITE);
	raw_avail(q, 4);
	return 5;
}

static uint64_t chain_short(struct queue *q)
{
	uint32_t bytes = (uint32_t)host_random(q->dev->host, 1, VQNIC_VNET_HDR_BYTES + VQNIC_FRAME_BYTES_MIN - 1);

	raw_desc(q, 0, 0, 0)->len = bytes;
	raw_avail(q, 0);
	return bytes;
}

static uint64_t chain_long(struct queue *q)
{
	uint32_t len = VQNIC_VNET_HDR_BYTES + VQNIC_FRAME_BYTES_MAX + 1 - RAW_BYTES;

	raw_desc(q, 0, VRING_DESC_F_NEXT, 1);
	raw_desc(q, 1, 0, 0)->len = len;
	space_allow(q->dev->space, q->desc[1].addr, len, HOST_READ);
	raw_avail(q, 0);
	return RAW_BYTES + len;
}

/* The whole of a chain's length does not fit into 32 bits. */
static uint64_t chain_huge(struct queue *q)
{
	raw_desc(q, 0, VRING_DESC_F_NEXT, 1);
	raw_desc(q, 1, 0, 0)->len = UINT32_MAX - RAW_BYTES / 2;
	raw_avail(q, 0);
	return (uint64_t)UINT32_MAX - RAW_BYTES / 2 + RAW_BYTES;
}

static uint64_t header(struct queue *q, uint8_t flags, uint8_t gso_type)
{
	struct vring_desc *desc = raw_desc(q, 0, 0, 0);
	struct virtio_net_hdr_v1 *hdr = space_at(q->dev->space, desc->addr, sizeof(*hdr));

	hdr->flags = flags;
	hdr->gso_type = gso_type;
	raw_avail(q, 0);
	return flags | (uint64_t)gso_type << 8;
}

static uint64_t header_csum(struct queue *q)
{
	return header(q, VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO_NONE);
}

static uint64_t header_gso(struct queue *q)
{
	return header(q, 0, VIRTIO_NET_HDR_GSO_TCPV4);
}

/* A checksum at start + offset; refused if it is not wholly in the frame and behind the Ethernet header and a tag. */
static uint64_t wrong_csum(struct queue *q, uint16_t start, uint16_t offset)
{
	struct vring_desc *desc = raw_desc(q, 0, 0, 0);
	struct virtio_net_hdr_v1 *hdr = space_at(q->dev->space, desc->addr, sizeof(*hdr));

	hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->csum_start = start;
	hdr->csum_offset = offset;
	raw_avail(q, 0);
	return start | (uint64_t)offset << 16;
}

static uint64_t csum_beyond(struct queue *q)
{
	uint32_t at = RAW_BYTES - VQNIC_VNET_HDR_BYTES - 1;
	uint16_t start = (uint16_t)host_random(q->dev->host, 0, 0xffff);

	if (start < at && host_chance(q->dev->host, 50))
		return wrong_csum(q, start, (uint16_t)(at - start));
	return wrong_csum(q, start, (uint16_t)host_random(q->dev->host, start < at ? at - start : 0, 0xffff));
}

static uint64_t csum_in_header(struct queue *q)
{
	uint16_t at = (uint16_t)host_random(q->dev->host, 0, VQNIC_FRAME_BYTES_MIN + 4 - 1);
	uint16_t start = (uint16_t)host_random(q->dev->host, 0, at);

	return wrong_csum(q, start, at - start);
}

/* Makes descriptor `id` refer to a table of good descriptors, of which the test spoils some. */
static struct vring_desc *raw_table(struct queue *q, uint16_t id, uint16_t entries)
{
	struct vring_desc *desc = raw_desc(q, id, VRING_DESC_F_INDIRECT, 0), *table;

	space_deny(q->dev->space, desc->addr, RAW_BYTES, HOST_READ | HOST_WRITE);
	desc->len = 16u * entries;
	space_allow(q->dev->space, desc->addr, desc->len, HOST_READ);
	table = space_at(q->dev->space, desc->addr, desc->len);
	for (uint16_t i = 0; i < entries; i++) {
		table[i].addr = raw_addr(q, 64) + 40u * i;
		table[i].len = 20;
		table[i].flags = (i < entries - 1 ? VRING_DESC_F_NEXT : 0) | (q->index == RX ? VRING_DESC_F_WRITE : 0);
		table[i].next = i + 1;
	}
	space_allow(q->dev->space, table[0].addr, 40u * entries, q->index == RX ? HOST_WRITE : HOST_READ);
	return table;
}

static uint64_t indirect_and_next(struct queue *q)
{
	raw_table(q, 3, 4);
	q->desc[3].flags |= VRING_DESC_F_NEXT;
	q->desc[3].next = 4;
	raw_desc(q, 4, 0, 0);
	raw_avail(q, 3);
	return q->desc[3].flags;
}

static uint64_t indirect_nested(struct queue *q)
{
	struct vring_desc *table = raw_table(q, 3, 4);

	table[2].flags = VRING_DESC_F_INDIRECT;
	table[2].addr = raw_addr(q, 3);
	table[2].len = 64;
	raw_avail(q, 3);
	return VRING_DESC_F_INDIRECT;
}

static uint64_t indirect_of(struct queue *q, uint32_t len)
{
	raw_desc(q, 1, VRING_DESC_F_NEXT, 3)->len = 20;
	raw_table(q, 3, 2);
	q->desc[3].len = len;
	raw_avail(q, 1);
	return len;
}

static uint64_t indirect_empty(struct queue *q)
{
	return indirect_of(q, 0);
}

static uint64_t indirect_ragged(struct queue *q)
{
	return indirect_of(q, 16 + (uint32_t)host_random(q->dev->host, 1, 15));
}

static uint64_t indirect_large(struct queue *q)
{
	return indirect_of(q, host_chance(q->dev->host, 50) ? 16u * (RING + 1) : 0xfffffff0u);
}

static uint64_t indirect_wraps(struct queue *q)
{
	indirect_of(q, 32);
	q->desc[3].addr = UINT64_MAX - 20;
	return 32;
}

static uint64_t indirect_loop(struct queue *q)
{
	struct vring_desc *table = raw_table(q, 3, 4);

	for (uint16_t i = 0; i < 4; i++)
		table[i].len = 1;
	table[3].flags |= VRING_DESC_F_NEXT;
	table[3].next = (uint16_t)host_random(q->dev->host, 0, 3);
	raw_avail(q, 3);
	return 3;
}

/* Within the ring's size, but not in the table. */
static uint64_t indirect_next_beyond(struct queue *q)
{
	raw_table(q, 3, 4)[1].next = 4;
	raw_avail(q, 3);
	return 4;
}

static uint64_t indirect_direction(struct queue *q)
{
	struct vring_desc *table = raw_table(q, 3, 4);

	table[1].flags ^= VRING_DESC_F_WRITE;
	space_deny(q->dev->space, table[1].addr, 20, HOST_READ | HOST_WRITE);
	raw_avail(q, 3);
	return 1;
}

static uint64_t indirect_length(struct queue *q)
{
	raw_table(q, 3, 4)[1].len = 0;
	raw_avail(q, 3);
	return 0;
}

static uint64_t buffer_short(struct queue *q)
{
	uint32_t bytes = (uint32_t)host_random(q->dev->host, 2, VQNIC_VNET_HDR_BYTES - 1);

	raw_desc(q, 0, VRING_DESC_F_NEXT, 1)->len = 1;
	raw_desc(q, 1, 0, 0)->len = bytes - 1;
	raw_avail(q, 0);
	return bytes;
}

/* A frame over two chains, of which the first is good. */
static uint64_t second_buffer_short(struct queue *q)
{
	raw_desc(q, 5, 0, 0)->len = 50;
	raw_avail(q, 5);
	return buffer_short(q);
}

/* The link answers accesses to these bytes with an error. */
static void refuse(struct queue *q, uint64_t addr, size_t len)
{
	space_allow(q->dev->space, addr, len, HOST_FAULT);
}

static uint64_t refuse_avail_index(struct queue *q)
{
	raw_desc(q, 0, 0, 0);
	raw_avail(q, 0);
	refuse(q, q->avail_addr + 2, 2);
	return q->avail_addr + 2;
}

static uint64_t refuse_avail_entry(struct queue *q)
{
	uint64_t addr = q->avail_addr + 4 + 2ull * (q->added % q->size);

	raw_desc(q, 0, 0, 0);
	raw_avail(q, 0);
	refuse(q, addr, 2);
	return addr;
}

static uint64_t refuse_desc(struct queue *q)
{
	raw_desc(q, 0, VRING_DESC_F_NEXT, q->size - 1)->len = 40;
	raw_avail(q, 0);
	refuse(q, q->desc_addr + 16ull * (q->size - 1u), 16);
	return q->desc_addr + 16ull * (q->size - 1u);
}

static uint64_t refuse_buffer(struct queue *q)
{
	struct vring_desc *desc = raw_desc(q, 0, VRING_DESC_F_NEXT, 1);

	desc->len = 40;
	desc = raw_desc(q, 1, 0, 0);
	raw_avail(q, 0);
	refuse(q, desc->addr + host_random(q->dev->host, 0, 10), 1);
	return desc->addr;
}

static uint64_t refuse_used_entry(struct queue *q)
{
	uint64_t addr = q->used_addr + 4 + 8ull * (q->seen % q->size);

	raw_desc(q, 0, 0, 0);
	raw_avail(q, 0);
	refuse(q, addr, 8);
	return addr;
}

static uint64_t refuse_used_index(struct queue *q)
{
	raw_desc(q, 0, 0, 0);
	raw_avail(q, 0);
	refuse(q, q->used_addr + 2, 2);
	return q->used_addr + 2;
}

static uint64_t refuse_used_event(struct queue *q)
{
	raw_desc(q, 0, 0, 0);
	raw_avail(q, 0);
	refuse(q, q->avail_addr + 4 + 2ull * q->size, 2);
	return q->avail_addr + 4 + 2ull * q->size;
}

static uint64_t refuse_avail_event(struct queue *q)
{
	raw_desc(q, 0, 0, 0);
	raw_avail(q, 0);
	refuse(q, q->used_addr + 4 + 8ull * q->size, 2);
	return q->used_addr + 4 + 8ull * q->size;
}

static uint64_t refuse_table(struct queue *q)
{
	raw_table(q, 3, 4);
	raw_avail(q, 3);
	refuse(q, q->desc[3].addr, 16);
	return q->desc[3].addr;
}

/* ---- what the address space does not allow, or says in a wrong way ---- */

/* An entry on the way to `addr`, or the one that maps it. */
static uint64_t some_entry(struct queue *q, uint64_t addr)
{
	unsigned int leaf;

	space_leaf(q->dev->space, addr, &leaf);
	return space_entry(q->dev->space, addr, (unsigned int)host_random(q->dev->host, leaf, 2));
}

/* The entry of a page table that is not as it should be, if there is one. */
static struct {
	uint64_t *at, value;
	uint64_t refused;
} wrong;

/* Makes `clear` and `set` of an entry so, and the card forget it; what it maps is then none of the card's business. */
static void change_entry(struct queue *q, uint64_t entry, uint64_t clear, uint64_t set)
{
	wrong.at = space_entry_at(q->dev->space, entry);
	wrong.value = *wrong.at;
	*wrong.at = (*wrong.at & ~clear) | set;
	space_invalidate(q->dev->space);
}

/* Others may need it: an entry of level 2 is for 1 GiB. */
static void mend_entry(struct vdev *d)
{
	if (!wrong.at)
		return;
	*wrong.at = wrong.value;
	if (wrong.refused)
		host_deny(d->host, wrong.refused, 8, HOST_FAULT);
	space_invalidate(d->space);
}

/* Random bits in all but the one that says that they mean anything. */
static void unmap(struct queue *q, uint64_t addr)
{
	change_entry(q, some_entry(q, addr), VQNIC_PTE_VALID, rng_next(&q->dev->host->rng) & ~(uint64_t)VQNIC_PTE_VALID);
}

static void protect(struct queue *q, uint64_t addr)
{
	unsigned int level;

	change_entry(q, space_leaf(q->dev->space, addr, &level), VQNIC_PTE_WRITE, 0);
}

static uint64_t unmapped_avail(struct queue *q)
{
	raw_desc(q, 0, 0, 0);
	unmap(q, q->avail_addr + 2);
	space_deny(q->dev->space, q->avail_addr, 4, HOST_READ);
	raw_avail(q, 0);
	return q->avail_addr + 2;
}

static uint64_t unmapped_desc(struct queue *q)
{
	uint16_t id = (uint16_t)host_random(q->dev->host, 0, q->size - 1);

	raw_desc(q, id, 0, 0);
	unmap(q, q->desc_addr + 16ull * id);
	space_deny(q->dev->space, q->desc_addr, 16u * q->size, HOST_READ);
	raw_avail(q, id);
	return q->desc_addr + 16ull * id;
}

static uint64_t unmapped_table(struct queue *q)
{
	raw_table(q, 3, 4);
	unmap(q, q->desc[3].addr);
	space_deny(q->dev->space, q->desc[3].addr, 64, HOST_READ);
	raw_avail(q, 3);
	return q->desc[3].addr;
}

static uint64_t unmapped_buffer(struct queue *q)
{
	struct vring_desc *desc = raw_desc(q, 0, 0, 0);

	unmap(q, desc->addr);
	space_deny(q->dev->space, desc->addr, RAW_BYTES, HOST_READ | HOST_WRITE);
	raw_avail(q, 0);
	return desc->addr;
}

static uint64_t unmapped_used(struct queue *q)
{
	uint64_t addr = q->used_addr + 4 + 8ull * (q->seen % q->size);

	raw_desc(q, 0, 0, 0);
	unmap(q, addr);
	space_deny(q->dev->space, addr, 8, HOST_WRITE);
	raw_avail(q, 0);
	return addr;
}

static uint64_t protected_buffer(struct queue *q)
{
	struct vring_desc *desc = raw_desc(q, 0, 0, 0);

	protect(q, desc->addr);
	space_deny(q->dev->space, desc->addr, RAW_BYTES, HOST_WRITE);
	raw_avail(q, 0);
	return desc->addr;
}

static uint64_t protected_used(struct queue *q)
{
	uint64_t addr = q->used_addr + 4 + 8ull * (q->seen % q->size);

	raw_desc(q, 0, 0, 0);
	protect(q, addr);
	space_deny(q->dev->space, addr, 8, HOST_WRITE);
	raw_avail(q, 0);
	return addr;
}

/* The second of a buffer's two pages: up to there it is read or written. */
static uint64_t unmapped_page(struct queue *q)
{
	struct vring_desc *desc = raw_desc(q, 0, 0, 0);
	uint64_t page = desc->addr + 4096;

	space_deny(q->dev->space, desc->addr, RAW_BYTES, HOST_READ | HOST_WRITE);
	desc->addr = page - host_random(q->dev->host, 1, RAW_FRAME);
	memset(space_at(q->dev->space, desc->addr, RAW_BYTES), 0, RAW_BYTES);
	space_allow(q->dev->space, desc->addr, page - desc->addr, q->index == RX ? HOST_WRITE : HOST_READ);
	change_entry(q, space_entry(q->dev->space, page, 0), VQNIC_PTE_VALID, 0);
	raw_avail(q, 0);
	return page;
}

/* An address whose low bits are those of a good one, which the card may have used a moment ago. */
static uint64_t beyond(struct queue *q)
{
	struct vring_desc *desc = raw_desc(q, 0, 0, 0);

	space_deny(q->dev->space, desc->addr, RAW_BYTES, HOST_READ | HOST_WRITE);
	if (host_chance(q->dev->host, 50))
		desc->addr = q->index == RX ? q->used_addr : q->avail_addr;
	desc->addr |= 1ull << host_random(q->dev->host, VQNIC_IOVA_BITS, 63);
	raw_avail(q, 0);
	return desc->addr;
}

/* One of the things that the card reads and writes for a chain. */
static uint64_t some_addr(struct queue *q)
{
	switch (host_random(q->dev->host, 0, 3)) {
	case 0:
		return q->avail_addr + 2;
	case 1:
		return q->desc_addr;
	case 2:
		return q->used_addr + 4 + 8ull * (q->seen % q->size);
	default:
		return raw_addr(q, 0);
	}
}

static uint64_t bad_entry(struct queue *q, uint64_t entry, uint64_t clear, uint64_t set)
{
	raw_desc(q, 0, 0, 0);
	change_entry(q, entry, clear, set);
	raw_avail(q, 0);
	return entry;
}

static uint64_t entry_reserved(struct queue *q)
{
	struct host *h = q->dev->host;
	uint64_t bit = host_chance(h, 50) ? host_random(h, 3, 11) : host_random(h, 52, 63);

	return bad_entry(q, some_entry(q, some_addr(q)), 0, 1ull << bit);
}

/* A table that allows writing: only a leaf says that. */
static uint64_t entry_table_write(struct queue *q)
{
	return bad_entry(q, space_entry(q->dev->space, some_addr(q), 2), VQNIC_PTE_LEAF, VQNIC_PTE_WRITE);
}

/* A fourth level. */
static uint64_t entry_no_leaf(struct queue *q)
{
	return bad_entry(q, space_entry(q->dev->space, some_addr(q), 0), VQNIC_PTE_LEAF | VQNIC_PTE_WRITE, 0);
}

static uint64_t entry_misaligned(struct queue *q)
{
	unsigned int level = (unsigned int)host_random(q->dev->host, 1, 2);
	unsigned int bit = (unsigned int)host_random(q->dev->host, 12, 11 + 9 * level);

	return bad_entry(q, space_entry(q->dev->space, some_addr(q), level), UINT64_MAX,
			 VQNIC_PTE_VALID | VQNIC_PTE_WRITE | VQNIC_PTE_LEAF | 1ull << 40 | 1ull << bit);
}

static uint64_t refuse_entry(struct queue *q)
{
	uint64_t entry = some_entry(q, some_addr(q));

	host_allow(q->dev->host, entry, 8, HOST_FAULT);
	wrong.refused = entry;
	return bad_entry(q, entry, 0, 0);
}

/* test, queue, code, what makes the ring so */
#define CASES(X) \
	X(tx_read_avail_index, TX, DMA_READ, refuse_avail_index) \
	X(tx_read_avail_entry, TX, DMA_READ, refuse_avail_entry) \
	X(tx_read_desc, TX, DMA_READ, refuse_desc) \
	X(tx_read_buffer, TX, DMA_READ, refuse_buffer) \
	X(tx_read_used_event, TX, DMA_READ, refuse_used_event) \
	X(tx_write_used_entry, TX, DMA_WRITE, refuse_used_entry) \
	X(tx_write_used_index, TX, DMA_WRITE, refuse_used_index) \
	X(tx_write_avail_event, TX, DMA_WRITE, refuse_avail_event) \
	X(rx_read_avail_index, RX, DMA_READ, refuse_avail_index) \
	X(rx_read_avail_entry, RX, DMA_READ, refuse_avail_entry) \
	X(rx_read_desc, RX, DMA_READ, refuse_desc) \
	X(rx_read_used_event, RX, DMA_READ, refuse_used_event) \
	X(rx_write_buffer, RX, DMA_WRITE, refuse_buffer) \
	X(rx_write_used_entry, RX, DMA_WRITE, refuse_used_entry) \
	X(rx_write_used_index, RX, DMA_WRITE, refuse_used_index) \
	X(tx_avail_ahead, TX, AVAIL_INDEX, avail_ahead) \
	X(tx_avail_back, TX, AVAIL_INDEX, avail_back) \
	X(rx_avail_ahead, RX, AVAIL_INDEX, avail_ahead) \
	X(rx_avail_back, RX, AVAIL_INDEX, avail_back) \
	X(tx_head_beyond, TX, DESC_INDEX, head_beyond) \
	X(tx_next_beyond, TX, DESC_INDEX, next_beyond) \
	X(rx_head_beyond, RX, DESC_INDEX, head_beyond) \
	X(rx_next_beyond, RX, DESC_INDEX, next_beyond) \
	X(tx_loop_short, TX, CHAIN_LOOP, loop_short) \
	X(tx_loop_long, TX, CHAIN_LOOP, loop_long) \
	X(rx_loop_short, RX, CHAIN_LOOP, loop_short) \
	X(rx_loop_long, RX, CHAIN_LOOP, loop_long) \
	X(tx_length_zero, TX, DESC_LENGTH, length_zero) \
	X(tx_length_wraps, TX, DESC_LENGTH, length_wraps) \
	X(rx_length_zero, RX, DESC_LENGTH, length_zero) \
	X(rx_length_wraps, RX, DESC_LENGTH, length_wraps) \
	X(tx_flags_indirect, TX, DESC_FLAGS, flags_indirect) \
	X(tx_flags_unknown, TX, DESC_FLAGS, flags_unknown) \
	X(rx_flags_indirect, RX, DESC_FLAGS, flags_indirect) \
	X(rx_flags_unknown, RX, DESC_FLAGS, flags_unknown) \
	X(tx_indirect_and_next, TX, DESC_FLAGS, indirect_and_next) \
	X(tx_indirect_nested, TX, DESC_FLAGS, indirect_nested) \
	X(tx_indirect_empty, TX, INDIRECT, indirect_empty) \
	X(tx_indirect_ragged, TX, INDIRECT, indirect_ragged) \
	X(tx_indirect_large, TX, INDIRECT, indirect_large) \
	X(tx_indirect_wraps, TX, DESC_LENGTH, indirect_wraps) \
	X(tx_indirect_loop, TX, CHAIN_LOOP, indirect_loop) \
	X(tx_indirect_next_beyond, TX, DESC_INDEX, indirect_next_beyond) \
	X(tx_indirect_direction, TX, DESC_DIRECTION, indirect_direction) \
	X(tx_indirect_length, TX, DESC_LENGTH, indirect_length) \
	X(tx_read_table, TX, DMA_READ, refuse_table) \
	X(tx_unmapped_table, TX, IOVA_READ, unmapped_table) \
	X(rx_indirect_and_next, RX, DESC_FLAGS, indirect_and_next) \
	X(rx_indirect_nested, RX, DESC_FLAGS, indirect_nested) \
	X(rx_indirect_empty, RX, INDIRECT, indirect_empty) \
	X(rx_indirect_ragged, RX, INDIRECT, indirect_ragged) \
	X(rx_indirect_large, RX, INDIRECT, indirect_large) \
	X(rx_indirect_wraps, RX, DESC_LENGTH, indirect_wraps) \
	X(rx_indirect_loop, RX, CHAIN_LOOP, indirect_loop) \
	X(rx_indirect_next_beyond, RX, DESC_INDEX, indirect_next_beyond) \
	X(rx_indirect_direction, RX, DESC_DIRECTION, indirect_direction) \
	X(rx_indirect_length, RX, DESC_LENGTH, indirect_length) \
	X(rx_read_table, RX, DMA_READ, refuse_table) \
	X(rx_unmapped_table, RX, IOVA_READ, unmapped_table) \
	X(rx_buffer_short, RX, CHAIN_SHORT, buffer_short) \
	X(rx_second_buffer_short, RX, CHAIN_SHORT, second_buffer_short) \
	X(tx_csum_beyond, TX, HDR_CSUM, csum_beyond) \
	X(tx_csum_in_header, TX, HDR_CSUM, csum_in_header) \
	X(tx_direction, TX, DESC_DIRECTION, direction) \
	X(rx_direction, RX, DESC_DIRECTION, direction) \
	X(tx_chain_short, TX, CHAIN_SHORT, chain_short) \
	X(tx_chain_long, TX, CHAIN_LONG, chain_long) \
	X(tx_chain_huge, TX, CHAIN_LONG, chain_huge) \
	X(tx_header_csum, TX, HDR_FLAGS, header_csum) \
	X(tx_header_gso, TX, HDR_FLAGS, header_gso) \
	X(tx_unmapped_avail, TX, IOVA_READ, unmapped_avail) \
	X(tx_unmapped_desc, TX, IOVA_READ, unmapped_desc) \
	X(tx_unmapped_buffer, TX, IOVA_READ, unmapped_buffer) \
	X(tx_unmapped_page, TX, IOVA_READ, unmapped_page) \
	X(tx_unmapped_used, TX, IOVA_WRITE, unmapped_used) \
	X(tx_protected_used, TX, IOVA_WRITE, protected_used) \
	X(tx_beyond, TX, IOVA_READ, beyond) \
	X(rx_unmapped_avail, RX, IOVA_READ, unmapped_avail) \
	X(rx_unmapped_desc, RX, IOVA_READ, unmapped_desc) \
	X(rx_unmapped_buffer, RX, IOVA_WRITE, unmapped_buffer) \
	X(rx_unmapped_page, RX, IOVA_WRITE, unmapped_page) \
	X(rx_unmapped_used, RX, IOVA_WRITE, unmapped_used) \
	X(rx_protected_buffer, RX, IOVA_WRITE, protected_buffer) \
	X(rx_protected_used, RX, IOVA_WRITE, protected_used) \
	X(rx_beyond, RX, IOVA_WRITE, beyond) \
	X(tx_entry_reserved, TX, PAGE_TABLE, entry_reserved) \
	X(tx_entry_table_write, TX, PAGE_TABLE, entry_table_write) \
	X(tx_entry_no_leaf, TX, PAGE_TABLE, entry_no_leaf) \
	X(tx_entry_misaligned, TX, PAGE_TABLE, entry_misaligned) \
	X(tx_read_entry, TX, PAGE_TABLE, refuse_entry) \
	X(rx_entry_reserved, RX, PAGE_TABLE, entry_reserved) \
	X(rx_entry_table_write, RX, PAGE_TABLE, entry_table_write) \
	X(rx_entry_no_leaf, RX, PAGE_TABLE, entry_no_leaf) \
	X(rx_entry_misaligned, RX, PAGE_TABLE, entry_misaligned) \
	X(rx_read_entry, RX, PAGE_TABLE, refuse_entry)

/* Features without which a ring would not be malformed in this way. */
static uint64_t features_of(provoke_fn *provoke)
{
	static provoke_fn *const indirect[] = {
		indirect_and_next, indirect_nested, indirect_empty, indirect_ragged, indirect_large, indirect_wraps,
		indirect_loop, indirect_next_beyond, indirect_direction, indirect_length, refuse_table, unmapped_table,
	};

	for (size_t i = 0; i < sizeof(indirect) / sizeof(indirect[0]); i++)
		if (provoke == indirect[i])
			return 1ull << VIRTIO_RING_F_INDIRECT_DESC;
	if (provoke == second_buffer_short)
		return 1ull << VIRTIO_NET_F_MRG_RXBUF;
	if (provoke == csum_beyond || provoke == csum_in_header)
		return 1ull << VIRTIO_NET_F_CSUM;
	if (provoke == refuse_used_event || provoke == refuse_avail_event)
		return 1ull << VIRTIO_RING_F_EVENT_IDX;
	return 0;
}

/* Receive queues hold more buffers than frames come, so that none may be dropped. */
static void fill_rx(struct queue *q)
{
	while (queue_add_rx(q, q->dev->config.rx_bytes_min, 1))
		;
	queue_publish(q);
}

static void settle(struct card *c)
{
	while (card_busy(c))
		card_step(c);
	card_settle(c);
}

/* Frames for the victim's receive queue, and for all others while they have had fewer than `most`. */
static void send_frames(struct card *c, struct queue *victim, unsigned int most)
{
	struct vdev *d = &c->vdev[host_random(c->host, 0, c->count - 1)];

	if (&d->queue[RX] == victim)
		card_send(c, d->mac, RAW_FRAME, 0);
	else if (d->rx_tail < most)
		card_send(c, d->mac, vdev_random_frame_len(d), 1u << d->index);
}

/* The malformed queue has stopped: it touches nothing any more. */
static void forbid(struct queue *q)
{
	struct space *s = q->dev->space;

	space_deny(s, q->desc_addr, 16u * q->size, HOST_READ | HOST_FAULT);
	space_deny(s, q->avail_addr, 6 + 2u * q->size, HOST_READ | HOST_FAULT);
	space_deny(s, q->used_addr, 6 + 8u * q->size, HOST_WRITE | HOST_FAULT);
	for (uint16_t i = 0; i < q->size; i++)
		space_deny(s, raw_addr(q, i), VQNIC_FRAME_BYTES_MAX, HOST_READ | HOST_WRITE | HOST_FAULT);
}

/* Makes one queue malformed while all others have traffic, and back again. */
static void run_case(uint64_t seed, unsigned int queue, uint8_t code, provoke_fn *provoke)
{
	bool needs_space = code == VQNIC_FAULT_IOVA_READ || code == VQNIC_FAULT_IOVA_WRITE ||
		code == VQNIC_FAULT_PAGE_TABLE;
	uint64_t rng = seed;
	struct pcie_config link = host_random_link(&rng);
	struct card *c = card_new(host_new(rng, seed % 4 ? &link : NULL));
	struct host *h = c->host;
	struct vdev *d = &c->vdev[host_random(h, 0, c->count - 1)];
	struct queue *q = &d->queue[queue];
	/* The next avail entry is in the middle of the ring: in no bus word with the index or the event field. */
	struct vdev_config config = {
		.features = features_of(provoke) | (host_chance(h, 50) ? 1ull << VIRTIO_RING_F_EVENT_IDX : 0),
		.size = { RING, RING }, .first_index = { 60, 60 }, .mtu = 1500, .chain_max = 4, .rx_bytes_min = 1518,
	};
	unsigned int polls = 0, config_msix, event_msix;
	uint64_t info, sent;

	memset(&wrong, 0, sizeof(wrong));
	/* What the card cannot do cannot be asked for in a wrong way. */
	if (config.features & ~vdev_get(d, VQNIC_REG_SUPPORTED_FEATURES, 8))
		return;
	if (needs_space)
		card_translate(c, 1u << d->index | (unsigned int)host_random(h, 0, (1u << c->count) - 1));
	if (provoke == unmapped_page || provoke == entry_no_leaf || provoke == entry_misaligned)
		d->space->leaf = 0;
	host_set(h, VQNIC_REG_EVENT_VECTOR, 2, EVENT_VECTOR);
	for (unsigned int i = 0; i < c->count; i++) {
		vdev_start(&c->vdev[i], &config);
		c->vdev[i].tx_quota = 10;
		if (&c->vdev[i].queue[RX] != q)
			fill_rx(&c->vdev[i].queue[RX]);
	}
	c->pause = 300;
	/* The victim has worked before. */
	if (queue == RX) {
		queue_add_rx(q, 100, 1);
		queue_publish(q);
		queue_maybe_kick(q);
		host_drain(h, DRAIN);
		test_check(card_send(c, d->mac, 60, 1u << d->index), "not sent");
	}
	settle(c);
	test_equal(q->done, q->published, "the victim's chains before the fault");
	test_equal(host_get(h, VQNIC_REG_EVENT, 4), 0, "event before the fault");
	config_msix = h->msix_seen[d->config_vector];
	event_msix = h->msix_seen[EVENT_VECTOR];

	for (unsigned int i = 0; i < c->count; i++)
		c->vdev[i].tx_quota = &c->vdev[i].queue[TX] == q ? 0 : 20;
	q->raw = true;
	info = provoke(q);
	queue_kick(q);
	while (queue_get(q, VQNIC_REG_QUEUE_FAULT, 1) == VQNIC_FAULT_NONE) {
		send_frames(c, q, 40);
		card_step(c);
		test_check(++polls < 5000, "no fault");
	}

	/* It says what happened, and to whom. */
	test_equal(queue_get(q, VQNIC_REG_QUEUE_FAULT, 1), code, "vdev %u queue %u", d->index, queue);
	test_equal(queue_get(q, VQNIC_REG_QUEUE_FAULT_INFO, 8), info, "vdev %u queue %u", d->index, queue);
	test_check(vdev_get(d, VQNIC_REG_DEVICE_STATUS, 1) & VIRTIO_CONFIG_S_NEEDS_RESET, "no NEEDS_RESET");
	test_equal(host_get(h, VQNIC_REG_EVENT, 4), VQNIC_EVENT_FAULT, "events");
	host_run(h, 2000);
	test_equal(h->msix_seen[d->config_vector] - config_msix, 1, "config interrupts");
	test_equal(h->msix_seen[EVENT_VECTOR] - event_msix, 1, "messages of card events");

	forbid(q);
	for (unsigned int i = 0; i < 20; i++) {
		queue_kick(q);
		send_frames(c, q, 60);
		card_step(c);
	}
	settle(c);
	test_equal(queue_get(q, VQNIC_REG_QUEUE_FAULT, 1), code, "later");
	for (unsigned int i = 0; i < c->count; i++) {
		for (unsigned int k = 0; k < 2; k++)
			if (&c->vdev[i].queue[k] != q)
				test_equal(queue_get(&c->vdev[i].queue[k], VQNIC_REG_QUEUE_FAULT, 1), VQNIC_FAULT_NONE,
					   "vdev %u queue %u, without guilt", i, k);
		vdev_check_no_loss(&c->vdev[i]);
	}

	/* Reset, and all is well again. */
	mend_entry(d);
	if (host_chance(h, 50)) {
		queue_reset(q);
		test_equal(queue_get(q, VQNIC_REG_QUEUE_FAULT, 1), VQNIC_FAULT_NONE, "after queue reset");
		test_equal(queue_get(q, VQNIC_REG_QUEUE_FAULT_INFO, 8), 0, "after queue reset");
		queue_map(q, 64, (uint16_t)host_random(h, 0, 65535));
		queue_enable(q);
	} else {
		vdev_reset(d);
		vdev_start(d, &config);
	}
	for (unsigned int i = 0; i < c->count; i++)
		fill_rx(&c->vdev[i].queue[RX]);
	sent = d->tx_frames;
	c->no_broadcast = true;
	card_start_traffic(c, 10);
	settle(c);
	test_equal(d->tx_frames, sent + 10, "frames sent after the reset");
	for (unsigned int i = 0; i < c->count; i++)
		vdev_check_no_loss(&c->vdev[i]);
}

#define DEFINE(name, queue, code, provoke) \
	static void test_##name(uint64_t seed) \
	{ \
		run_case(seed, queue, VQNIC_FAULT_##code, provoke); \
	}
CASES(DEFINE)

/* Every code of the register map is provoked by some case. */
static void test_all_codes(uint64_t seed)
{
	bool provoked[256] = { [VQNIC_FAULT_NONE] = true };

	(void)seed;
#define PROVOKED(name, queue, code, provoke) provoked[VQNIC_FAULT_##code] = true;
	CASES(PROVOKED)
#define CHECK(name, value, doc) test_check(provoked[value], "fault %s is not tested", #name);
	VQNIC_FAULTS(CHECK)
}

#define LIST(name, queue, code, provoke) { #name, test_##name, 3 },
static const struct test tests[] = {
	{ "all_codes", test_all_codes, 1 },
	CASES(LIST)
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]), card_cleanup);
}
