/* SPDX-License-Identifier: Apache-2.0 */
/* What files of the driver that know nothing of the kernel need of it, so that they run in a test program. */
#ifndef TESTS_LINUX_ETHERDEVICE_H
#define TESTS_LINUX_ETHERDEVICE_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <linux/if_ether.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

static inline bool ether_addr_equal(const u8 *a, const u8 *b)
{
	return !memcmp(a, b, ETH_ALEN);
}

static inline void ether_addr_copy(u8 *to, const u8 *from)
{
	memcpy(to, from, ETH_ALEN);
}

#endif
