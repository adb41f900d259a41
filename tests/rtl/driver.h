/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtio-net driver over split rings (virtio 1.3, 2.7 and 5.1), one queue pair, in small steps that a test can
 * interleave with the card's clock: a chain is written, the index published, the need of a kick looked at, the used
 * ring read, interrupts armed, each on its own.
 *
 * It is as lazy as virtio allows: it kicks only when the card asks for it and looks at the used ring only when it is
 * interrupted. It checks the used ring as soon as the card writes its index: order, length, content.
 */
#ifndef DRIVER_H
#define DRIVER_H

#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#include "host.h"
#include "space.h"

#define QUEUE_MAX VQNIC_VQ_SIZE_LIMIT
#define CARD_VDEVS 4
#define RX 0
#define TX 1
/* Memory of each descriptor, so that a buffer may lie anywhere in it. */
#define QUEUE_BUFFER_BYTES 16384
/* Frames that are remembered, sent or expected. */
#define FRAMES_MAX 8192

enum queue_state {
	QUEUE_WAITS,			/* for an interrupt */
	QUEUE_POLLS,			/* takes used buffers */
	QUEUE_ARMED,			/* interrupts are on again, the used ring is to be looked at once more */
};

struct chain {
	uint16_t descs;			/* of the ring; one of them may refer to an indirect table */
	uint32_t bytes;			/* of all its buffers */
	uint32_t seq;			/* TX: the frame */
};

struct queue {
	struct vdev *dev;
	unsigned int index;		/* RX or TX */
	uint16_t size;
	uint16_t vector;
	uint32_t doorbell;		/* BAR2 offset */

	uint64_t desc_addr, avail_addr, used_addr;	/* as the card knows them: in the vdev's address space */
	struct vring_desc *desc;
	uint16_t *avail;		/* flags, idx, ring[size], used_event */
	uint16_t *used;			/* flags, idx, then ring[size] of two 32-bit words, avail_event */
	uint64_t buffers;		/* QUEUE_BUFFER_BYTES for each descriptor */
	uint64_t tables;		/* room for an indirect table for each descriptor; with INDIRECT_DESC */
	uint16_t table_entries;		/* of the longest */
	bool joined;			/* the rings lie one behind the other, in one piece of memory */

	uint16_t free[QUEUE_MAX];
	unsigned int free_count;
	struct chain chains[QUEUE_MAX];	/* by head */
	uint16_t posted[QUEUE_MAX];	/* heads, by avail index */

	uint16_t added;			/* avail index up to which entries are written */
	uint16_t published;		/* the index that the card can see */
	uint16_t kicked;		/* published index at the last look at the need of a kick */
	uint16_t seen;			/* used index as the card has written it */
	uint16_t done;			/* used index up to which buffers are taken back */
	uint16_t armed;			/* used_event */
	enum queue_state state;
	bool raw;			/* the test itself fills the ring: nothing is checked */

	unsigned int kicks;
	uint64_t used_total;
};

struct expected {
	uint32_t seq;
	uint32_t len;
	uint8_t dst[6];
};

struct vdev_config {
	uint64_t features;		/* besides VERSION_1 and ACCESS_PLATFORM */
	uint16_t size[2];		/* of the queues */
	uint16_t first_index[2];	/* that rings begin with */
	uint16_t mtu;
	unsigned int chain_max;		/* descriptors of the longest chains */
	uint32_t rx_bytes_min;		/* smallest frame that a posted receive chain has room for */
	uint32_t rx_room_max;		/* with MRG_RXBUF instead: most bytes of a receive chain behind the header */
	bool joined;			/* see struct queue */
};

struct vdev {
	struct host *host;
	struct space *space;
	unsigned int index;		/* in the struct card */
	unsigned int number;		/* of the card's vdev */
	uint16_t pair;			/* of the pool */
	struct vdev_config config;
	uint64_t features;		/* accepted */
	uint8_t mac[6];
	uint16_t config_vector;
	struct queue queue[2];

	unsigned int tx_quota;		/* frames still to be sent */
	bool rx_posting;		/* receive buffers are posted whenever there is room */
	uint32_t tx_seq;		/* of the next frame to post */
	uint32_t tx_wire_seq;		/* of the next frame to come out */
	uint32_t tx_lost_end;		/* a reset may have swallowed frames before this one */
	uint32_t tx_len[FRAMES_MAX];	/* by sequence number */
	uint16_t tx_csum_start[FRAMES_MAX];	/* where the card is asked for a checksum; 0: it is not */
	uint16_t tx_csum_offset[FRAMES_MAX];
	struct expected rx[FRAMES_MAX];	/* frames that the wire has given for this vdev */
	uint32_t rx_head, rx_tail;

	/* What the counters must say. */
	uint64_t tx_frames, tx_bytes, rx_frames, rx_bytes, rx_skipped;
};

/* Some vdevs of a card, as its listener. */
struct card {
	struct host *host;
	struct vdev vdev[CARD_VDEVS];
	unsigned int count;		/* of them are used */
	uint32_t rx_seq;		/* of the next frame from the wire */
	unsigned int rx_quota;		/* frames that card_step() has still to send from the wire */
	bool no_broadcast;		/* it sends to one vdev each */
	unsigned int pause;		/* longest run of the clock between two steps, cycles */
	uint64_t wire_rx_frames, wire_rx_bytes, wire_tx_frames, wire_tx_bytes;
	uint64_t rx_drop_error, rx_drop_filter;
};

/*
 * Makes the card's listener, random MAC addresses and vectors, and chooses vdevs at random that have an address space of
 * their own; nothing is started. One for each host.
 */
struct card *card_new(struct host *h);
/* Before anything is started: gives just the vdevs in `vdevs` (a bit each) an address space, with the same IOVAs. */
void card_translate(struct card *c, unsigned int vdevs);
void card_cleanup(void);

/* A random configuration with valid values. */
struct vdev_config vdev_random_config(struct host *h);

/* From reset to DRIVER_OK, with new rings, as virtio 3.1.1 says. */
void vdev_start(struct vdev *d, const struct vdev_config *config);
/* Gives the vdev a pair of the pool, unless it has it, and waits until it is its own. */
void vdev_take_pair(struct vdev *d, unsigned int slot, uint16_t pair);
/* The steps of vdev_start, for tests that stop between them. */
void vdev_own(struct vdev *d, const struct vdev_config *config);
void vdev_negotiate(struct vdev *d);
void queue_map(struct queue *q, uint16_t size, uint16_t first_index);
void queue_enable(struct queue *q);
/* Resets the vdev or the queue and waits until the card says that it is done; its memory is then out of bounds. */
void vdev_reset(struct vdev *d);
void queue_reset(struct queue *q);
/* Takes back the memory of a queue that the card has dropped. */
void queue_forget(struct queue *q);

uint64_t vdev_get(struct vdev *d, uint32_t offset, unsigned int bytes);
void vdev_set(struct vdev *d, uint32_t offset, unsigned int bytes, uint64_t value);
/* Register of one queue: selects it first. */
uint64_t queue_get(struct queue *q, uint32_t offset, unsigned int bytes);
void queue_set(struct queue *q, uint32_t offset, unsigned int bytes, uint64_t value);

/* Writes a chain of `descs` descriptors, or as many as there are, and its avail entry. False: none is free. */
bool queue_add_tx(struct queue *q, uint32_t frame_len, unsigned int descs);
bool queue_add_rx(struct queue *q, uint32_t frame_room, unsigned int descs);
void queue_publish(struct queue *q);
/* Kicks if the card asks for it. */
void queue_maybe_kick(struct queue *q);
void queue_kick(struct queue *q);
/* The value of the event fields, where the accepted features have them. */
uint16_t *queue_used_event(struct queue *q);
uint16_t *queue_avail_event(struct queue *q);
/* Takes back the oldest used buffer. False: none. */
bool queue_take_used(struct queue *q);

/* One small random step of each kind that is due. True: something was done. */
bool vdev_step(struct vdev *d);
/* Nothing of what virtio makes the driver do is left to be done. */
bool vdev_quiet(struct vdev *d);

/* A random frame length that the vdev's MTU allows. */
uint32_t vdev_random_frame_len(struct vdev *d);
/* Sends a frame of `len` bytes to `dst` on the wire; vdevs in `to` (a bit each) are to get it. False: try later. */
bool card_send(struct card *c, const uint8_t dst[6], uint32_t len, unsigned int to);

/* Steps both drivers, the wire and the clock a little: the traffic that tx_quota, rx_posting and rx_quota ask for. */
void card_step(struct card *c);
/* There is still traffic to come. */
bool card_busy(const struct card *c);
/* Makes `frames` frames be sent by each vdev and as many, on average, be received. */
void card_start_traffic(struct card *c, unsigned int frames);
/* Random back-pressure on the wire and the message port. */
void card_random_stalls(struct card *c);

/* Steps both drivers and the clock until nothing moves any more; fails if a kick or an interrupt got lost. */
void card_settle(struct card *c);
/* The card's counters say what the driver saw. */
void card_check_counters(struct card *c);
/* Each frame that the vdev was to send or receive has arrived. */
void vdev_check_no_loss(struct vdev *d);

#endif
