/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vqnic: vDPA driver of the vqnic SmartNIC.
 *
 * One PCI function, struct vqnic_card, carries vdevs, struct vqnic_vdev: slots of the card that
 * "vdpa dev add" makes a vDPA device of. A slot lives as long as the card is bound, its struct
 * vqnic_vdpa as long as the vDPA device.
 *
 * A vdev of a card with an IOMMU also has address spaces, struct vqnic_as. iommu.c keeps their page
 * tables; vdpa.c decides in which one a vdev's queues run.
 *
 * Locks, outermost first:
 *   vdpa core's lock	dev_add, dev_del and the unregistering of the management device exclude
 *			each other
 *   vqnic_cards_lock	the list of cards that netlink sees
 *   card->lock		which slots, queue pairs and address spaces are used, what slots offer, the
 *			card going down and coming up
 *   as->lock		the maps and tables of an address space; may be held for seconds, with a
 *			big guest's memory to be mapped, so that nothing that concerns other vdevs
 *			waits for it
 *   vdev->lock		a slot's register window (QUEUE_SELECT and the feature selects), what it was
 *			told, and the numbers that its address spaces show
 *   filter->lock	what guests wish, operators allow and the card does of it, and the card's
 *			filter bank
 *   card->vector_lock	which interrupt vectors are used
 *   card->latch_lock	reading a latched 64-bit register
 *   card->state_lock	the card's state together with its access to memory
 *   irq->lock		the callback of an interrupt
 * No vdpa op takes card->lock, so that a vDPA driver may call ops while its device is being made.
 */
#ifndef VQNIC_H
#define VQNIC_H

#include <linux/bitmap.h>
#include <linux/if_ether.h>
#include <linux/interrupt.h>
#include <linux/list.h>
#include <linux/msi_api.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rbtree.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vdpa.h>
#include <linux/virtio_net.h>
#include <linux/workqueue.h>
#include <uapi/linux/vqnic.h>

#include "vqnic_regs.h"

/* Groups of queues that may run in different address spaces. */
enum {
	VQNIC_GROUP_DATA,
	VQNIC_GROUP_CTRL,
	VQNIC_GROUPS,
};

/* Address spaces of each vdev, if the card has an IOMMU. */
#define VQNIC_VDEV_SPACES 2

/* Queue pairs that a card's pool can have: behind them, the control queues are numbered. */
#define VQNIC_PAIRS_LIMIT (VQNIC_CTRL_QUEUE_FIRST / 2)

/* Vectors that interrupts share which have none of their own. */
enum {
	VQNIC_VECTOR_CARD,	/* events of the card, configurations */
	VQNIC_VECTOR_QUEUES,	/* data queues; the same vector, if there is only one */
	VQNIC_VECTORS_SHARED,
};

/* Vectors of their own that are handed out if they cannot be had one by one. */
#define VQNIC_VECTORS_FIXED_MAX 64

/* What a card says of itself, as checked by vqnic_cmd_identify(). */
struct vqnic_info {
	u64 features;
	u32 version;		/* major << 16 | minor */
	u32 vdevs;
	u32 pairs;		/* queue pairs of the pool */
	u32 vdev_pairs;		/* of these, that a vdev can have */
	u32 vq_size_max;	/* descriptors, a power of two */
	u32 vectors;
	u32 vdev_offset;	/* bytes in BAR0 */
	u32 vdev_stride;	/* bytes in BAR0 */
	u32 doorbell_stride;	/* bytes in BAR2 */
	u32 data_bits;
	u32 clock_hz;
	u32 mtu_max;
	u32 spaces;		/* address spaces, VQNIC_AS_IDENTITY among them; 0: no IOMMU */
	u32 as_offset;		/* bytes in BAR0 */
	u32 as_stride;		/* bytes in BAR0 */
	u32 filter_offset;	/* bytes in BAR0 */
	u32 mac_ways;		/* of the MAC table */
	u32 mac_rows;		/* of each way, a power of two */
};

/* What a vdev's owner gave it. */
struct vqnic_offer {
	u64 features;
	u16 mtu;
	u16 pairs;
	u8 mac[ETH_ALEN];
};

/*
 * An interrupt that calls whoever runs the vDPA device. The callback is called with the lock held,
 * so that one that was replaced is not running and runs no more.
 */
struct vqnic_irq {
	spinlock_t lock;	/* of cb */
	struct vdpa_callback cb;
	u16 vector;		/* on the card */
	int irq;		/* Linux number; 0: it has no vector */
	bool own;		/* nobody else has the vector */
	char name[40];
};

/* A queue, by the index that the vdev's driver gives it. */
struct vqnic_vq {
	struct vqnic_irq irq;
	u16 number;		/* on the card, which its doorbell follows; vqnic_set_numbers() */
	/* told by the vDPA driver, programmed when the queue is to run */
	u64 desc;
	u64 driver;
	u64 device;
	u32 num;
	u16 avail;
	bool placed;		/* its driver has said so */
	bool ready;		/* to run as soon as DRIVER_OK is set */
	bool running;		/* the card runs it */
	u8 fault;		/* VQNIC_FAULT_* that has been reported, until it is reset */
};

/* Levels of a page table: a leaf maps 1 GiB, 2 MiB or 4 KiB. */
enum {
	VQNIC_LEVEL_1G,
	VQNIC_LEVEL_2M,
	VQNIC_LEVEL_4K,
	VQNIC_LEVELS,
};

struct vqnic_as_stats {
	u64 maps;			/* pieces of memory, each contiguous on the bus */
	u64 bytes;			/* mapped */
	u64 leaves[VQNIC_LEVELS];
	u64 tables;			/* pages of 4 KiB */
};

struct vqnic_table;

/* An address space of a vdev: what memory its queues reach, and where. */
struct vqnic_as {
	struct vqnic_vdev *vdev;
	u16 index;			/* on the card */
	struct vqnic_table *root;	/* constant as long as the vdev is used */
	struct vqnic_as_stats shown;	/* vdev->lock; stats after the last change */

	struct mutex lock;		/* of what follows and the tables */
	struct rb_root maps;		/* struct vqnic_map, by IOVA */
	bool holds_module;
	struct vqnic_as_stats stats;
};

/* A log of the pages that the card writes; log.c. */
struct vqnic_log {
	u8 *bytes;		/* one for each page from IOVA 0 on; NULL: nothing is logged */
	dma_addr_t dma;		/* of the bytes */
	u64 iova;		/* of the first page that is asked for */
	u64 size;		/* bytes of IOVA; the last ones that are logged */
	u32 owner;		/* netlink port of who started it */
};

/* Addresses that a vdev may have besides its own, unicast and multicast together. */
#define VQNIC_FILTER_MACS 96

/*
 * What the guest wants to receive. Addresses: unicast first, then multicast, as given: they may
 * repeat.
 */
struct vqnic_wish {
	u8 mac[ETH_ALEN];		/* own address */
	u8 macs[VQNIC_FILTER_MACS][ETH_ALEN];
	unsigned int unicast;		/* of `macs` */
	unsigned int multicast;
	u32 rx_mode;			/* VQNIC_VDEV_RX_MODE_*, not VLAN_FILTER */
	bool filters;			/* it has said so; until then it gets all multicast */
	bool vlan_filter;		/* it chooses its VLANs */
	DECLARE_BITMAP(vlans, VQNIC_VLANS);
};

/* What the operator allows it. */
struct vqnic_policy {
	bool spoof_check;	/* no unicast address but the one that it was given and `macs` */
	bool trust;		/* promiscuous modes, and other devices' addresses */
	u8 macs[VQNIC_POLICY_MACS][ETH_ALEN];
	unsigned int unicast;	/* of `macs` */
	unsigned int macs_max;	/* that its guest may have besides its own, multicast counted */
	bool all_vlans;
	u16 port_vlan;		/* 1 to 4094: it lives in this VLAN and knows of none; 0: no */
	u8 pcp;			/* priority of its frames there, 0 to 7 */
	DECLARE_BITMAP(vlans, VQNIC_VLANS);
};

/* Both, and what the card makes of them. */
struct vqnic_filter_show {
	struct vqnic_wish wish;
	struct vqnic_policy policy;
	u8 given[ETH_ALEN];		/* the address that the operator gave */
	bool up;			/* the card has what follows */
	u8 macs[1 + VQNIC_FILTER_MACS][ETH_ALEN];
	unsigned int unicast;
	unsigned int multicast;
	u32 rx_mode;			/* VQNIC_VDEV_RX_MODE_*, not VLAN_FILTER */
	bool rx_all_vlans;
	bool tx_all_vlans;
	DECLARE_BITMAP(rx_vlans, VQNIC_VLANS);
	DECLARE_BITMAP(tx_vlans, VQNIC_VLANS);
};

struct vqnic_filter;

/* Queues that a vdev can have. */
#define VQNIC_VDEV_VQS_LIMIT (2 * VQNIC_VDEV_PAIRS_LIMIT + 1)

/* What a vdev is to go on with when its driver sets DRIVER_OK; state.c. */
struct vqnic_restored {
	u64 features;		/* that its driver must have accepted */
	struct vqnic_wish wish;	/* but vlan_filter */
	u16 pairs;
	u64 offloads;
	struct {
		u32 size;	/* 0: the queue does not run */
		u16 avail;
		bool placed;
	} vqs[VQNIC_VDEV_VQS_LIMIT];
};

/* Device parts of a vdev: of all queues and commands there are fewer. */
struct vqnic_parts {
	size_t len;
	u8 bytes[SZ_4K];
};

/* What the control queue of a vdev needs, and what it has set and nobody else keeps. */
struct vqnic_cvq {
	void *mailbox;		/* the card's to write; NULL while the vdev is not used */
	dma_addr_t dma;		/* of the mailbox */
	u8 *copy;		/* of a command, to parse */
	u16 pairs;		/* queue pairs in use */
	u64 offloads;		/* guest offloads that are on: virtio feature bits */
	u64 commands;		/* answered */
	u64 refused;		/* of these, with VIRTIO_NET_ERR */
};

struct vqnic_vdpa {
	struct vdpa_device vdpa;
	struct vqnic_vdev *vdev;
};

struct vqnic_vdev {
	struct vqnic_card *card;
	unsigned int index;
	void __iomem *regs;
	u64 supported;		/* virtio features that the card can offer */
	u32 doorbells;		/* where in BAR2 that of queue number 0 would be, bytes */

	/* card->lock */
	bool used;
	struct vqnic_offer offer;	/* constant while used, but for the MAC address */
	u16 pair[VQNIC_VDEV_PAIRS_LIMIT];	/* constant while used; of the card's pool */
	struct vqnic_vdpa *shown;	/* seen by netlink */

	struct vqnic_as spaces[VQNIC_VDEV_SPACES];	/* set up while used */
	struct vqnic_log log;	/* changed with card->lock and vdev->lock held */

	struct mutex lock;	/* of what follows, and of the register window */
	const char *name;	/* of the device, for events; NULL: nobody is told of it */
	bool provisioned;	/* the card has the offer */
	bool needs_reset;	/* it lost what its driver told it */
	u8 status;		/* as last seen */
	bool suspended;
	u64 driver_features;
	unsigned int asid[VQNIC_GROUPS];	/* which of `spaces` a group is to run in */
	bool in_identity;	/* ... but it runs in AS_IDENTITY, for the host's own driver */
	u32 changes;		/* of the configuration, which the card does not count */
	struct vqnic_irq config_irq;
	struct vqnic_vq *vqs;	/* constant while used */
	u16 nvqs;		/* constant while used */
	struct vqnic_cvq cvq;
	struct vqnic_restored *restored;	/* NULL: its driver begins anew */
};

/* Health reporters of devlink. */
enum {
	VQNIC_REPORTER_CARD,
	VQNIC_REPORTER_QUEUE,
	VQNIC_REPORTER_DMA,
	VQNIC_REPORTERS,
};

struct devlink;
struct devlink_health_reporter;
struct devlink_region;

struct vqnic_reporter {
	struct vqnic_card *card;
	atomic_t events;	/* so far */
	atomic_t stopped;	/* queues that have stopped, and were not reset yet */

	/* health.lock */
	struct devlink_health_reporter *reporter;
	unsigned int reported;	/* of events */
	bool bad;		/* as last told */
};

/* What devlink is told; devlink.c. */
struct vqnic_health {
	const char *why;	/* the card was lost last; constant text */
	struct vqnic_reporter reporters[VQNIC_REPORTERS];

	struct mutex lock;	/* of what follows, and of what reporters have told */
	struct devlink *devlink;	/* NULL: it is not there */
	struct devlink_region *region;
};

enum vqnic_state {
	VQNIC_UP,
	VQNIC_DOWN,		/* being reset by the PCI core: not to be touched */
	VQNIC_DEAD,		/* does not answer, or not in time */
};

struct vqnic_card {
	struct pci_dev *pdev;
	void __iomem *regs;
	void __iomem *doorbells;
	struct vqnic_info info;

	/*
	 * Changed with state_lock held, and read without: a card goes away when it likes. Unless it
	 * is up it is not bus master either, once state_lock is free again.
	 */
	enum vqnic_state state;
	struct mutex state_lock;	/* innermost but for irq->lock */

	struct mutex vector_lock;	/* of what follows */
	unsigned int vectors;	/* that the driver has of the system */
	unsigned int vectors_own;	/* of these, that an interrupt has alone */
	unsigned int vectors_fixed;	/* that are had all the while; 0: one by one */
	struct msi_map shared[VQNIC_VECTORS_SHARED];
	DECLARE_BITMAP(vectors_used, VQNIC_VECTORS_FIXED_MAX + VQNIC_VECTORS_SHARED);

	struct work_struct event_work;
	struct vdpa_mgmt_dev mgmtdev;

	struct mutex lock;	/* see above */
	struct mutex latch_lock;	/* of the two halves of a latched register */
	struct vqnic_vdev *vdevs;
	struct vqnic_filter *filter;
	unsigned long *spaces_used;	/* card->lock; bitmap of info.spaces */
	DECLARE_BITMAP(pairs_used, VQNIC_PAIRS_LIMIT);	/* card->lock */
	u64 default_features;	/* what a device offers for which nothing is said */
	u64 migratable_features;	/* what QEMU can migrate, of what the card supports */
	struct vqnic_health health;
	bool minor_noted;
	char refusal[160];	/* card->lock; why the last dev_add failed */

	/* vqnic_cards_lock */
	struct list_head list;
	u32 id;
};

/* True as long as the card is to be touched. */
static inline bool vqnic_card_up(const struct vqnic_card *card)
{
	return READ_ONCE(card->state) == VQNIC_UP;
}

/* True if vdevs have address spaces of their own, and not the bus addresses only. */
static inline bool vqnic_has_iommu(const struct vqnic_card *card)
{
	return card->info.spaces;
}

/* Address spaces of each vdev. */
static inline unsigned int vqnic_vdev_spaces(const struct vqnic_card *card)
{
	return vqnic_has_iommu(card) ? VQNIC_VDEV_SPACES : 0;
}

/* Queue pairs of the vdev. */
static inline u16 vqnic_vdev_pairs(const struct vqnic_vdev *vdev)
{
	return vdev->offer.pairs;
}

/* Who reports a fault: of memory that could not be reached, or of a ring that is wrong. */
static inline struct vqnic_reporter *vqnic_fault_reporter(struct vqnic_card *card, u8 code)
{
	struct vqnic_reporter *reporters = card->health.reporters;

	switch (code) {
	case VQNIC_FAULT_DMA_READ:
	case VQNIC_FAULT_DMA_WRITE:
	case VQNIC_FAULT_IOVA_READ:
	case VQNIC_FAULT_IOVA_WRITE:
	case VQNIC_FAULT_PAGE_TABLE:
		return &reporters[VQNIC_REPORTER_DMA];
	default:
		return &reporters[VQNIC_REPORTER_QUEUE];
	}
}

/* True if the queue is a control queue. */
static inline bool vqnic_vq_is_ctrl(const struct vqnic_vq *vq)
{
	return READ_ONCE(vq->number) >= VQNIC_CTRL_QUEUE_FIRST;
}

/* main.c */
void vqnic_card_lost(struct vqnic_card *card, const char *why);
void vqnic_card_settle(struct vqnic_card *card);

/* cmd.c */
struct vqnic_fault {
	u8 code;		/* VQNIC_FAULT_* */
	u64 info;
};

struct vqnic_vq_state {
	u16 avail;
	u16 used;
	struct vqnic_fault fault;
};

struct vqnic_vq_counters {
	u64 frames;
	u64 bytes;
	u64 drops;
};

/* A command of the control queue. */
struct vqnic_command {
	u16 len;		/* bytes in the mailbox */
	bool cut;		/* it is longer */
	u8 tag;			/* for the answer */
};

int vqnic_cmd_identify(struct vqnic_card *card, struct vqnic_info *info);
int vqnic_cmd_card_reset(struct vqnic_card *card);
int vqnic_cmd_event_vector(struct vqnic_card *card, u16 vector);
u32 vqnic_cmd_take_events(struct vqnic_card *card);
bool vqnic_cmd_card_link(struct vqnic_card *card);
u64 vqnic_cmd_card_cycles(struct vqnic_card *card);
void vqnic_cmd_check_card(struct vqnic_card *card);
u32 vqnic_cmd_peek(struct vqnic_card *card, u16 reg);
u64 vqnic_cmd_card_counter(struct vqnic_card *card, u16 reg);

void vqnic_cmd_as_set_root(struct vqnic_card *card, u16 index, u64 root);
void vqnic_cmd_as_invalidate(struct vqnic_card *card, u16 index);
void vqnic_cmd_as_set_log(struct vqnic_card *card, u16 index, u64 log, u32 pages);
void vqnic_cmd_as_clear_log(struct vqnic_card *card, u16 index);

void vqnic_cmd_set_mac_key(struct vqnic_card *card, const u32 *key);
int vqnic_cmd_set_mac_slot(struct vqnic_card *card, unsigned int way, unsigned int row,
			   const u8 *mac, u32 vdevs);
void vqnic_cmd_set_vlan(struct vqnic_card *card, u16 vid, u32 rx, u32 tx);
void vqnic_cmd_set_filter(struct vqnic_vdev *vdev, u32 rx_mode, u32 policy);

u32 vqnic_cmd_get_commands(struct vqnic_card *card);
void vqnic_cmd_set_mailbox(struct vqnic_vdev *vdev, dma_addr_t addr);
bool vqnic_cmd_get_command(struct vqnic_vdev *vdev, struct vqnic_command *command);
void vqnic_cmd_answer(struct vqnic_vdev *vdev, const struct vqnic_command *command, u8 ack);
int vqnic_cmd_set_current_pairs(struct vqnic_vdev *vdev, u16 pairs);
void vqnic_cmd_set_offloads_off(struct vqnic_vdev *vdev, u32 off);
void vqnic_cmd_set_announce(struct vqnic_vdev *vdev, bool on);

int vqnic_cmd_vdev_identify(struct vqnic_vdev *vdev);
int vqnic_cmd_vdev_provision(struct vqnic_vdev *vdev, const struct vqnic_offer *offer);
int vqnic_cmd_vdev_disable(struct vqnic_vdev *vdev);
int vqnic_cmd_vdev_reset(struct vqnic_vdev *vdev);
u8 vqnic_cmd_get_status(struct vqnic_vdev *vdev);
void vqnic_cmd_set_status(struct vqnic_vdev *vdev, u8 status);
void vqnic_cmd_set_features(struct vqnic_vdev *vdev, u64 features);
u64 vqnic_cmd_get_features(struct vqnic_vdev *vdev);
u8 vqnic_cmd_get_generation(struct vqnic_vdev *vdev);
u16 vqnic_cmd_get_net_status(struct vqnic_vdev *vdev);
void vqnic_cmd_set_vdev_mac(struct vqnic_vdev *vdev, const u8 *mac);
int vqnic_cmd_config_vector(struct vqnic_vdev *vdev);
int vqnic_cmd_set_as(struct vqnic_vdev *vdev, unsigned int group, u16 index);
u16 vqnic_cmd_get_as(struct vqnic_vdev *vdev, unsigned int group);
int vqnic_cmd_vdev_suspend(struct vqnic_vdev *vdev);
void vqnic_cmd_vdev_resume(struct vqnic_vdev *vdev);
u64 vqnic_cmd_vdev_counter(struct vqnic_vdev *vdev, u16 reg);

int vqnic_cmd_vq_enable(struct vqnic_vdev *vdev, u16 index);
int vqnic_cmd_vq_reset(struct vqnic_vdev *vdev, u16 index);
int vqnic_cmd_vq_state(struct vqnic_vdev *vdev, u16 index, struct vqnic_vq_state *state);
int vqnic_cmd_vq_counters(struct vqnic_vdev *vdev, u16 index, struct vqnic_vq_counters *counters);
u64 vqnic_cmd_vq_doorbell(const struct vqnic_vdev *vdev, u16 number);
void vqnic_cmd_vq_kick(struct vqnic_vdev *vdev, u16 number, u16 index);

/* irq.c */
int vqnic_irqs_open(struct vqnic_card *card, irq_handler_t events);
void vqnic_irqs_close(struct vqnic_card *card);
int vqnic_irq_get(struct vqnic_card *card, struct vqnic_irq *irq, unsigned int shared);
int vqnic_irq_join(struct vqnic_irq *irq, const struct vqnic_irq *with);
void vqnic_irq_put(struct vqnic_card *card, struct vqnic_irq *irq);
void vqnic_irq_call(struct vqnic_irq *irq);
void vqnic_irq_set_cb(struct vqnic_irq *irq, const struct vdpa_callback *cb);

/* iommu.c */
int vqnic_as_open(struct vqnic_as *as, struct vqnic_vdev *vdev, u16 index);
void vqnic_as_close(struct vqnic_as *as);
void vqnic_as_program(struct vqnic_as *as);
int vqnic_as_set_map(struct vqnic_as *as, const struct vhost_iotlb *iotlb);

/* log.c */
bool vqnic_log_any(void);
void vqnic_log_program(struct vqnic_vdev *vdev);
int vqnic_log_start(struct vqnic_vdev *vdev, u64 iova, u64 size, u32 owner);
void vqnic_log_stop(struct vqnic_vdev *vdev);
int vqnic_log_read(struct vqnic_vdev *vdev, u64 iova, u32 pages, u8 *bitmap);
void vqnic_log_mark(struct vqnic_vdev *vdev, u64 iova, u32 pages);
void vqnic_log_mark_all(struct vqnic_vdev *vdev);

/* filter.c */
int vqnic_filter_open(struct vqnic_card *card);
void vqnic_filter_close(struct vqnic_card *card);
void vqnic_filter_restart(struct vqnic_card *card);
void vqnic_filter_vdev_open(struct vqnic_vdev *vdev);
void vqnic_filter_vdev_close(struct vqnic_vdev *vdev);
int vqnic_filter_vdev_up(struct vqnic_vdev *vdev);
void vqnic_filter_vdev_down(struct vqnic_vdev *vdev);
int vqnic_filter_vdev_start(struct vqnic_vdev *vdev, u64 features);
void vqnic_filter_vdev_reset(struct vqnic_vdev *vdev);
int vqnic_filter_fill_macs(const struct vqnic_card *card, struct vqnic_wish *wish,
			   const u8 *unicast, const u8 *multicast);
void vqnic_filter_default_wish(struct vqnic_vdev *vdev, struct vqnic_wish *wish);
void vqnic_filter_get_wish(struct vqnic_vdev *vdev, struct vqnic_wish *wish);
int vqnic_filter_set_wish(struct vqnic_vdev *vdev, const struct vqnic_wish *wish);
int vqnic_filter_set_mac(struct vqnic_vdev *vdev, const u8 *mac);
int vqnic_filter_set_macs(struct vqnic_vdev *vdev, const u8 *unicast, unsigned int unicasts,
			  const u8 *multicast, unsigned int multicasts);
int vqnic_filter_set_rx_mode(struct vqnic_vdev *vdev, u32 mode, bool on);
int vqnic_filter_set_vlan(struct vqnic_vdev *vdev, u16 vid, bool on);
int vqnic_filter_set_given(struct vqnic_vdev *vdev, const u8 *mac);
void vqnic_filter_get_mac(struct vqnic_vdev *vdev, u8 *mac);
void vqnic_filter_get_policy(struct vqnic_vdev *vdev, struct vqnic_policy *policy);
unsigned int vqnic_filter_macs_max(const struct vqnic_card *card);
int vqnic_filter_set_policy(struct vqnic_vdev *vdev, const struct vqnic_policy *policy);
void vqnic_filter_show(struct vqnic_vdev *vdev, struct vqnic_filter_show *show);

/* cvq.c */
int vqnic_cvq_open(struct vqnic_vdev *vdev);
void vqnic_cvq_close(struct vqnic_vdev *vdev);
int vqnic_cvq_up(struct vqnic_vdev *vdev);
int vqnic_cvq_start(struct vqnic_vdev *vdev);
void vqnic_cvq_reset(struct vqnic_vdev *vdev);
void vqnic_cvq_serve(struct vqnic_vdev *vdev);
void vqnic_cvq_event(struct vqnic_card *card);
int vqnic_cvq_take_macs(const u8 **data, size_t *len, const u8 **macs, unsigned int *count);
u64 vqnic_cvq_offloads(u64 features);
int vqnic_cvq_restore(struct vqnic_vdev *vdev, const struct vqnic_restored *state);

/* state.c */
void vqnic_state_get_parts(struct vqnic_vdev *vdev, struct vqnic_parts *parts);
struct vqnic_restored *vqnic_state_parse(struct vqnic_vdev *vdev, const u8 *bytes, size_t len,
					 struct netlink_ext_ack *extack);
void vqnic_state_set(struct vqnic_vdev *vdev, struct vqnic_restored *state);
int vqnic_state_apply(struct vqnic_vdev *vdev);

/* vdpa.c */
int vqnic_mgmtdev_register(struct vqnic_card *card);
void vqnic_mgmtdev_unregister(struct vqnic_card *card);
void vqnic_vdev_init(struct vqnic_card *card, unsigned int index);
void vqnic_vdev_down(struct vqnic_vdev *vdev);
int vqnic_vdev_up(struct vqnic_vdev *vdev);
u8 vqnic_vdev_status(struct vqnic_vdev *vdev);
u32 vqnic_vdev_state(const struct vqnic_vdev *vdev);
int vqnic_vdev_suspend(struct vqnic_vdev *vdev);
int vqnic_vdev_resume(struct vqnic_vdev *vdev);
int vqnic_vdev_vq_position(struct vqnic_vdev *vdev, u16 idx, u16 *position);
bool vqnic_vdev_link(struct vqnic_vdev *vdev);
void vqnic_vdev_check_faults(struct vqnic_vdev *vdev);

/* devlink.c */
void vqnic_devlink_open(struct vqnic_card *card);
void vqnic_devlink_close(struct vqnic_card *card);
void vqnic_devlink_update(struct vqnic_card *card);

/* netlink.c */
struct vqnic_fault_text {
	u8 code;
	const char *name;
	const char *meaning;
};

const struct vqnic_fault_text *vqnic_fault_text(u8 code);

/* What is told of an event, with what its VQNIC_NTF_ says. */
struct vqnic_event {
	u32 what;			/* VQNIC_NTF_ */
	const struct vqnic_vdev *vdev;	/* NULL: it is the card's */
	bool link;
	u16 queue;
	struct vqnic_fault fault;
};

void vqnic_notify(const struct vqnic_card *card, const struct vqnic_event *event);

/* One that has no more to tell than the device that it has happened to. vdev->lock is held. */
static inline void vqnic_notify_dev(const struct vqnic_vdev *vdev, u32 what)
{
	vqnic_notify(vdev->card, &(struct vqnic_event) { .what = what, .vdev = vdev });
}

int vqnic_netlink_register(void);
void vqnic_netlink_unregister(void);
void vqnic_netlink_add(struct vqnic_card *card);
void vqnic_netlink_del(struct vqnic_card *card);

#endif /* VQNIC_H */
