/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vDPA device that is bound to vhost_vdpa, driven by hand: as a VMM it maps memory, as a guest it runs two split
 * rings, queue 0 to receive and queue 1 to transmit. Needs root. Whatever goes wrong ends the program: fail() says
 * what, and the exit status is 1.
 */
#ifndef VHOST_H
#define VHOST_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/vhost.h>
#include <linux/virtio_config.h>

#include "vqnic/vqnic.h"
#include "vqnic_regs.h"

#define KIB4 UINT64_C(0x1000)
#define MIB2 UINT64_C(0x200000)
#define IOVA_END (UINT64_C(1) << VQNIC_IOVA_BITS)

#define RX 0
#define TX 1
#define QUEUE_SIZE 16
#define TIMEOUT_MS 10000
#define SMALL_PAGES 256
#define HUGE_PAGES 8
#define MAPS_MAX 3000

/* Whatever is wrong with a map: vhost passes this on as the error of write(). */
#define REFUSED (-EFAULT)

/* A page of the program's memory at an IOVA. */
struct map {
	uint64_t iova;
	uint64_t size;			/* KIB4, or MIB2 of huge memory */
	uint8_t *memory;
	uint8_t perm;			/* VHOST_ACCESS_... */
};

/* What the driver says of the device. */
struct shown {
	char card[64];
	uint32_t as_data;
	bool logged;			/* with a dirty log */
	uint64_t log_iova;
	uint64_t log_size;
	struct vqnic_as spaces[2];
	struct vqnic_queue queues[2];	/* zero if the card is dead */
};

/* Of the device that device_open() opened. */
extern const char *device_name;
extern int device_fd;

/* Memory to be mapped: SMALL_PAGES of 4 KiB, of which the last two are the rings, and HUGE_PAGES of 2 MiB. */
extern uint8_t *small, *huge;

/* What is mapped in address space 0, as the program believes. */
extern struct map maps[MAPS_MAX];
extern unsigned int map_count;

__attribute__((format(printf, 1, 2), noreturn))
void fail(const char *format, ...);

void random_seed(uint64_t seed);
uint64_t random64(void);
unsigned int below(unsigned int limit);
uint64_t now_ms(void);
void sleep_ms(unsigned int ms);

/* Gets the memory, and lifts the limit of how much may be locked. */
void memory_get(void);

static inline uint8_t *small_page(unsigned int i)
{
	return small + i * KIB4;
}

/* Where the page is in the machine's memory. */
uint64_t bus_address(const void *memory);

/* Asks the driver, by a handle that device_shown_anew() closes: a child of fork() needs its own. */
struct shown shown(void);
void device_shown_anew(void);

void device_open(const char *name);

/* A message of vhost's about its IOTLB, VHOST_IOTLB_...: 0 or a negative errno. */
int message(uint8_t type, uint32_t asid, uint64_t iova, uint64_t size, const void *memory, uint8_t perm);
void expect_errno(const char *what, int got, int expected);
void batch(bool begin);

/* Maps in address space 0, and notes that it is; an overlap must be refused. */
void map(uint64_t iova, uint64_t size, uint8_t *memory, uint8_t perm);
void unmap(unsigned int index);
void unmap_at(uint64_t iova);

/* What the driver shows must be what `maps` says. */
void check_tables(const char *when);

/* Nothing may be mapped in either address space. */
void check_nothing_left(const char *when);

uint8_t status(void);
void set_status(uint8_t value);

/* Resets the device and agrees with it on `features`, and those that all need. Returns the status: FEATURES_OK. */
uint8_t negotiate(uint64_t features);

/*
 * Resets the device and lets the rings run, at these IOVAs of address space `asid`, their indices beginning at these
 * bases; start_in: at 0; start: in address space 0.
 */
void start_at(unsigned int asid, uint64_t rx_iova, uint64_t tx_iova, uint16_t rx_base, uint16_t tx_base);
void start_in(unsigned int asid, uint64_t rx_iova, uint64_t tx_iova);
void start(uint64_t rx_iova, uint64_t tx_iova);

/* How many buffers the card has used, as the ring says it, modulo 65536. */
uint16_t used_index(unsigned int queue);

/* Lets a ring go on somewhere else, while the device is suspended; nothing is left where it was. */
void move_ring(unsigned int queue, uint64_t iova, uint8_t *memory);

/* Offers one buffer to the card; quietly: without telling it. */
void offer_quietly(unsigned int queue, uint64_t iova, uint32_t len);
void offer(unsigned int queue, uint64_t iova, uint32_t len);

/*
 * Waits for the card's interrupt until it has used one more buffer. Returns how much it wrote there, or 1 if nothing,
 * as it is with what was sent; 0: it has not within the time.
 */
uint32_t take(unsigned int queue, unsigned int timeout_ms);

/*
 * Makes a virtio_net_hdr and a frame to all: it comes back by the wire, and no other way, as the card sends none to whom
 * it came from.
 */
void fill(uint8_t *memory, uint32_t len);

/* A frame from one map to another, by a wire that is a loopback. They may be the same memory. */
void exchange(const struct map *from, const struct map *to);

/* The queue must stop with this fault, the guest be told, and nothing have been used. */
void expect_fault(unsigned int queue, uint32_t code, uint64_t iova);

#endif
