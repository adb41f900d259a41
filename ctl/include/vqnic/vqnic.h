/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libvqnic: what the vqnic driver says of its cards, their vDPA devices, filters and counters, what the operator lets
 * guests do, which pages of a guest's memory a device writes, and the state with which a device goes on elsewhere.
 *
 * All state is in the handle. A handle serves one thread at a time; different handles are independent. No function
 * prints, and none waits longer than VQNIC_TIMEOUT_MS for the kernel, nor than VQNIC_CALL_TIMEOUT_MS for vqnicd.
 *
 * Functions return 0 or a negative errno; vqnic_error() then says in one line what was refused:
 *   -ENOENT     the vqnic driver is not loaded
 *   -ENONET     it is, but it is not seen from the caller's network namespace
 *   -ENODEV     no such card or device
 *   -EPERM      a change needs CAP_NET_ADMIN
 *   -EINVAL     what is to change cannot be so
 *   -EBADMSG    the driver's reply, or the state of a device, cannot be understood
 *   -EBUSY      the device has a dirty log, or another handle's; or it is not in a state for that, or in use
 *   -ENODATA    it has none
 *   -EIO        the card answers no more, or the kernel could not be asked
 *   -EAGAIN     the set of cards or devices kept changing while it was read
 *   -ETIMEDOUT  the kernel did not answer
 *   -ENOBUFS    events were lost
 *   -ENOMEM, and whatever the driver answers
 *
 * Structures are made by the library and are only ever extended at their end.
 */
#ifndef VQNIC_H
#define VQNIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/vqnic.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VQNIC_TIMEOUT_MS 10000

/*
 * Whether the driver gave the attribute VQNIC_A_... of `object`, a pointer to one of the structures below. A member
 * whose attribute was not given is 0 or NULL: an older driver does not know it, or it does not apply.
 */
#define VQNIC_HAS(object, attribute) ((bool)((object)->present[(attribute) / 64] >> (attribute) % 64 & 1))

/* Marks a member of a structure that the library is given as one that counts. */
#define VQNIC_GIVE(object, attribute) ((void)((object)->present[(attribute) / 64] |= UINT64_C(1) << (attribute) % 64))

/* Members have the meaning and the unit of the VQNIC_A_ attribute of the same name in <linux/vqnic.h>. */
struct vqnic_card {
	uint64_t present[2];
	const char *name;		/* PCI address, "0000:00:05.0"; always given */
	uint32_t version;		/* of the register map: major << 16 | minor */
	uint64_t features;
	uint32_t clock_hz;
	uint32_t data_bits;
	uint32_t vectors;
	uint32_t vdevs;
	uint32_t vdevs_used;
	uint32_t vdev_vqs;
	uint32_t vq_size_max;
	uint32_t mtu_max;
	uint64_t virtio_features;
	bool link;
	bool dead;			/* the card answers no more */
	uint64_t cycles;
	const char *refusal;		/* why the last "vdpa dev add" was refused */
	uint32_t spaces;
	uint32_t spaces_used;
	uint32_t pairs;			/* queue pairs of the pool */
	uint32_t pairs_used;
	uint64_t default_features;	/* what a device offers for which "vdpa dev add" says nothing */
	uint64_t migratable_features;	/* of virtio_features, those with which QEMU migrates a guest */
	uint32_t macs_max;		/* addresses that a device can have besides its own: the most, and the default */
};

struct vqnic_queue {
	uint64_t present[2];
	uint32_t index;			/* always given */
	uint32_t number;		/* on the card */
	uint32_t size;
	bool ready;
	uint32_t avail;
	uint32_t used;
	uint32_t irq;
	uint32_t fault;			/* 0: none */
	const char *fault_name;
	uint64_t fault_info;
	bool shared;			/* other interrupts have the same vector */
	uint64_t frames;
	uint64_t bytes;
	uint64_t drops;
};

/* An address space of a device: what memory its queues reach through the card's IOMMU. */
struct vqnic_as {
	uint64_t present[2];
	uint32_t asid;			/* always given */
	uint32_t index;
	uint64_t maps;
	uint64_t bytes;
	uint64_t leaves_1g;
	uint64_t leaves_2m;
	uint64_t leaves_4k;
	uint64_t tables;
};

struct vqnic_dev {
	uint64_t present[2];
	const char *card;		/* always given */
	const char *name;		/* always given */
	uint32_t index;
	uint8_t mac[6];
	uint32_t mtu;
	bool link;
	uint8_t status;
	uint64_t offered;
	uint64_t accepted;
	size_t queue_count;
	const struct vqnic_queue *queues;
	uint32_t as_data;
	uint32_t as_ctrl;		/* the same of the control queue */
	uint32_t pairs;			/* queue pairs */
	size_t space_count;		/* 0: the card has no IOMMU */
	const struct vqnic_as *spaces;
	uint32_t pairs_used;
	uint64_t offloads;
	uint64_t commands;
	uint64_t commands_refused;
	uint64_t log_iova;		/* VQNIC_A_LOG_IOVA; given if there is a dirty log, as the next one */
	uint64_t log_size;
	uint32_t state;			/* VQNIC_DEV_STATE_ */
};

struct vqnic_stat {
	uint64_t present[2];
	const char *name;		/* always given */
	uint64_t value;			/* always given */
};

struct vqnic_stats {
	uint64_t present[2];
	const char *card;		/* always given */
	const char *dev;		/* NULL: these are the card's own counters */
	size_t stat_count;
	const struct vqnic_stat *stats;
};

#define VQNIC_MAC_BYTES 6

struct vqnic_macs {
	size_t count;
	const uint8_t (*mac)[VQNIC_MAC_BYTES];
};

/*
 * What the guest wishes, what the operator allows, or what the card does; which members each has stands at their
 * attributes, VQNIC_FILTER_A_, in <linux/vqnic.h>. Sets of VLANs have VQNIC_VLANS_BYTES bytes, see VQNIC_VLANS_HAS().
 */
struct vqnic_filter_part {
	uint64_t present[2];
	uint8_t mac[VQNIC_MAC_BYTES];
	uint32_t macs_max;
	struct vqnic_macs unicast;
	struct vqnic_macs multicast;
	uint32_t rx_mode;		/* VQNIC_RX_ */
	bool all_vlans;
	const uint8_t *vlans;
	bool all_tx_vlans;
	const uint8_t *tx_vlans;
	bool spoof_check;
	bool trust;
	uint16_t port_vlan;		/* 0: none */
	uint8_t pcp;
};

/* Whether VLAN `vid`, below 4096, is in the set. */
#define VQNIC_VLANS_HAS(vlans, vid) ((bool)((vlans)[(vid) / 8] >> (vid) % 8 & 1))

struct vqnic_filter {
	uint64_t present[2];
	const char *card;			/* always given */
	const char *dev;			/* always given */
	const struct vqnic_filter_part *guest;	/* NULL: not given, as the next two */
	const struct vqnic_filter_part *policy;
	const struct vqnic_filter_part *in_force;	/* what the card does; not of a dead card */
};

/* What is to change of a device's policy: the members that are marked with VQNIC_GIVE(). */
struct vqnic_policy {
	uint64_t present[2];
	bool spoof_check;			/* VQNIC_FILTER_A_SPOOF_CHECK */
	bool trust;				/* VQNIC_FILTER_A_TRUST */
	uint16_t port_vlan;			/* VQNIC_FILTER_A_PORT_VLAN: 1 to 4094, or 0 for none */
	uint8_t pcp;				/* VQNIC_FILTER_A_PCP: 0 to 7; without it a new port VLAN has 0 */
	uint8_t vlans[VQNIC_VLANS_BYTES];	/* VQNIC_FILTER_A_VLANS; for all mark VQNIC_FILTER_A_ALL_VLANS */
	uint32_t macs_max;			/* VQNIC_FILTER_A_MACS_MAX: addresses besides its own that it can have */
	uint32_t mac_count;			/* VQNIC_FILTER_A_UNICAST: of these: allowed besides the one given */
	uint8_t macs[VQNIC_POLICY_MACS][VQNIC_MAC_BYTES];
};

/* What a device is made with: the members that are marked with VQNIC_GIVE(); the driver chooses the others. */
struct vqnic_dev_spec {
	uint64_t present[2];
	uint8_t mac[VQNIC_MAC_BYTES];		/* VQNIC_A_DEV_MAC; else a random one */
	uint16_t mtu;				/* VQNIC_A_DEV_MTU, bytes; else 1500 */
	uint16_t pairs;				/* VQNIC_A_DEV_PAIRS; else 1 */
	uint64_t features;			/* VQNIC_A_DEV_OFFERED; else the card's default_features */
};

/* Types of device parts, virtio 1.4 sections 2.13.1 and 5.1.5. */
enum vqnic_part_type {
	VQNIC_PART_DEV_FEATURES = 0x100,
	VQNIC_PART_DRV_FEATURES = 0x101,
	VQNIC_PART_DEVICE_STATUS = 0x103,
	VQNIC_PART_VQ_CFG = 0x104,
	VQNIC_PART_CVQ_CFG = 0x200,
};

struct vqnic_part {
	uint16_t type;
	bool optional;
	uint16_t queue;			/* of VQ_CFG */
	uint8_t command_class, command;	/* of CVQ_CFG */
	uint32_t len;			/* of the value */
	const uint8_t *value;
};

/* How far a queue is. */
struct vqnic_position {
	uint16_t index;			/* of the queue */
	uint16_t avail;			/* next entry to be taken */
	uint16_t used;			/* next entry to be used */
};

/* No stream of a state is longer, in bytes. */
#define VQNIC_STATE_BYTES_MAX (16 << 20)

/* Queues of a device with their control queue: sixteen pairs. */
#define VQNIC_STATE_QUEUES 33

/* What a device has to know to go on where another one was suspended; docs/migration-format.md. */
struct vqnic_state {
	uint8_t mac[VQNIC_MAC_BYTES];	/* that the device was given */
	uint16_t mtu;			/* bytes */
	uint16_t pairs;
	const uint8_t *parts;		/* one behind the other, see vqnic_next_part() */
	size_t parts_len;
	size_t queue_count;
	struct vqnic_position queues[VQNIC_STATE_QUEUES];
	struct vqnic_policy policy;	/* all of it counts */
};

/* What has happened. Members that it does not concern are not given. */
struct vqnic_event {
	uint64_t present[2];
	const char *card;			/* always given */
	uint32_t what;				/* VQNIC_NTF_, VQNIC_A_EVENT; always given */
	const char *dev;			/* NULL: it has happened to the card */
	uint32_t index;				/* VQNIC_A_DEV_INDEX */
	bool link;				/* VQNIC_A_CARD_LINK */
	size_t queue_count;			/* of a fault 1, else 0 */
	const struct vqnic_queue *queues;
	uint64_t log_iova;
	uint64_t log_size;
};

struct vqnic;

/* Returns a handle, or NULL if there is no memory. The kernel is first asked when something is wanted of it. */
struct vqnic *vqnic_new(void);

/* Frees the handle; NULL is allowed. */
void vqnic_free(struct vqnic *vq);

/* Why the last call that failed did so: one line without newline. Lives as long as the handle, until the next call. */
const char *vqnic_error(const struct vqnic *vq);

/*
 * Called once for each object. The object and all that it points to are gone when the call returns. Returning other
 * than 0 ends the enumeration, which returns that value. The handle may be used from within.
 */
typedef int (*vqnic_card_fn)(const struct vqnic_card *card, void *opaque);
typedef int (*vqnic_dev_fn)(const struct vqnic_dev *dev, void *opaque);
typedef int (*vqnic_stats_fn)(const struct vqnic_stats *stats, void *opaque);
typedef int (*vqnic_filter_fn)(const struct vqnic_filter *filter, void *opaque);

/* All cards, or the one named `card` (a full PCI address). */
int vqnic_cards(struct vqnic *vq, const char *card, vqnic_card_fn fn, void *opaque);

/*
 * The vDPA device `dev`, which must be on `card` unless that is NULL; without a `dev` all devices of `card`, or of all
 * cards.
 */
int vqnic_devs(struct vqnic *vq, const char *card, const char *dev, vqnic_dev_fn fn, void *opaque);

/* The counters of the devices that vqnic_devs() would name and, without a `dev`, of the card or cards. */
int vqnic_stats(struct vqnic *vq, const char *card, const char *dev, vqnic_stats_fn fn, void *opaque);

/* The filters of the devices that vqnic_devs() would name. */
int vqnic_filters(struct vqnic *vq, const char *card, const char *dev, vqnic_filter_fn fn, void *opaque);

/*
 * Makes a device `dev` on `card`, removes one, or gives it another MAC address, as "vdpa dev add", "del" and "set" do. A
 * `card` of NULL is any, but for vqnic_dev_add(). Each does all of it or nothing.
 *
 * vqnic_dev_add(): -EEXIST: there is one of that name, on whatever card. vqnic_dev_del(): -EBUSY: somebody has its
 * vhost-vdpa device open, QEMU as a rule. To find that out it is opened, which resets a device that nobody has open.
 * Who opens it just then is waited for by the kernel.
 */
int vqnic_dev_add(struct vqnic *vq, const char *card, const char *dev, const struct vqnic_dev_spec *spec);
int vqnic_dev_del(struct vqnic *vq, const char *card, const char *dev);
int vqnic_dev_set_mac(struct vqnic *vq, const char *card, const char *dev, const uint8_t mac[VQNIC_MAC_BYTES]);

/*
 * Changes the policy of the device `dev`, which must be on `card` unless that is NULL. All of it is in force when this
 * returns 0; else nothing has changed.
 */
int vqnic_set_policy(struct vqnic *vq, const char *card, const char *dev, const struct vqnic_policy *policy);

/*
 * The dirty log of the device `dev`, which must be on `card` unless that is NULL: which pages of a guest's memory the
 * device writes, for who copies it while the guest runs. docs/dirty-log.md says how this makes a migration. What the
 * guest's processors write is not in it.
 *
 * The log is of `size` bytes of IOVA from `iova` on, in the address space of the data queues; both are multiples of 4 KiB.
 * What the device writes elsewhere is not logged. It belongs to the handle: it ends with vqnic_log_stop(), with the
 * handle, or with the device, and not when /dev/vhost-vdpa-N is closed or the device is reset.
 *
 * vqnic_log_start(): what the device writes from its return on is logged, and what it wrote before is in memory. -EBUSY:
 * there is a log already. -ENOMEM: no contiguous memory, of which a log takes iova + size divided by 4096; without a
 * platform IOMMU there are 4 MiB at most, for 16 GiB. -ERANGE: the card has no such IOVA. -EOPNOTSUPP: the host's own
 * driver has the device.
 *
 * vqnic_log_read(): sets bit p % 8 of bitmap[p / 8] for each page p of 4 KiB from `iova` on, p below size / 4096, that the
 * device wrote since the page was last read, or since the start; clears no bit. The range must be part of the log's. A
 * page that is read from memory after the return has all that made it be reported, and what is written to it later is
 * reported next time. After an error, what was written in the range since the last time cannot be known any more: take
 * all of it for written. A suspended device that was read once more has nothing left to report.
 */
int vqnic_log_start(struct vqnic *vq, const char *card, const char *dev, uint64_t iova, uint64_t size);
int vqnic_log_read(struct vqnic *vq, const char *card, const char *dev, uint64_t iova, uint64_t size, uint8_t *bitmap);
int vqnic_log_stop(struct vqnic *vq, const char *card, const char *dev);

/*
 * The state of a device that goes on elsewhere, of `dev`, which must be on `card` unless that is NULL. What states there
 * are and how a device comes from one to another: docs/migration-format.md.
 *
 * vqnic_suspend(): nothing of the device is in flight when it returns 0, and nothing begins until vqnic_resume(), or until
 * who drives the device resumes or resets it. -EBUSY: it does not run.
 *
 * vqnic_state_save(): the state of a suspended device, as a stream of `*len` bytes in new memory, which the caller frees
 * with free().
 *
 * vqnic_state_load(): gives a device that no driver runs the state in a stream. All of the stream is checked before, here
 * and by the driver: on an error nothing has changed. The policy is in force at once, the rest when a driver that has
 * accepted the same features sets DRIVER_OK.
 *
 * vqnic_state_read(): what a stream says; *state points into it.
 */
int vqnic_suspend(struct vqnic *vq, const char *card, const char *dev);
int vqnic_resume(struct vqnic *vq, const char *card, const char *dev);
int vqnic_state_save(struct vqnic *vq, const char *card, const char *dev, uint8_t **bytes, size_t *len);
int vqnic_state_load(struct vqnic *vq, const char *card, const char *dev, const uint8_t *bytes, size_t len);
int vqnic_state_read(struct vqnic *vq, const uint8_t *bytes, size_t len, struct vqnic_state *state);

/* Takes the next part off the front of a state's parts; false: there is none. */
bool vqnic_next_part(const uint8_t **parts, size_t *len, struct vqnic_part *part);

typedef int (*vqnic_event_fn)(const struct vqnic_event *event, void *opaque);

/*
 * Events. After vqnic_listen() what happens is kept for the handle; it goes on when the driver is loaded anew. When
 * vqnic_event_fd() is readable there is something for vqnic_events(), which calls `fn` for each event that there is, and
 * does not wait for others. -ENOBUFS: they were not taken in time and some are lost; what is left comes with the next call.
 * vqnic_event_fd() is -1 without vqnic_listen(). Events are seen from the initial network namespace only.
 */
int vqnic_listen(struct vqnic *vq);
int vqnic_event_fd(const struct vqnic *vq);
int vqnic_events(struct vqnic *vq, vqnic_event_fn fn, void *opaque);

/* Where vqnicd listens unless it is told otherwise, and how long an answer of it is waited for. */
#define VQNIC_CALL_SOCKET "/run/vqnic/vqnicd.sock"
#define VQNIC_CALL_TIMEOUT_MS 120000

/*
 * Asks vqnicd, which listens at `path` (NULL: at VQNIC_CALL_SOCKET): sends `request`, a JSON-RPC 2.0 request without
 * newline, and receives the answer to it in new memory, which the caller frees. What there is to ask for is in vqnicd(8).
 * Returns 0 whatever the answer says. -ECONNREFUSED: vqnicd does not run. -ETIMEDOUT: it does not answer.
 */
int vqnic_call(struct vqnic *vq, const char *path, const char *request, char **answer);

/* Name of an event, VQNIC_NTF_, "queue_fault"; NULL: it has none. */
const char *vqnic_event_name(uint32_t what);

/* Name of what a device does, VQNIC_DEV_STATE_, "running"; NULL: it has none. */
const char *vqnic_state_name(uint32_t state);

/* Name of a virtio feature bit of a network device, a bit of the device status, or of VQNIC_RX_; NULL: it has none. */
const char *vqnic_feature_name(unsigned int bit);
const char *vqnic_status_name(unsigned int bit);
const char *vqnic_rx_mode_name(unsigned int bit);

#ifdef __cplusplus
}
#endif
#endif
