/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An address space of the card: memory that is contiguous for the card's IOVAs and for the test, while its pages lie
 * anywhere in the host. Page tables are built as docs/registers.md says, of leaves of all sizes, at random.
 *
 * A space of AS_IDENTITY is the host's memory itself, so that a driver need not know which it has.
 */
#ifndef SPACE_H
#define SPACE_H

#include "host.h"

struct space {
	struct host *host;
	unsigned int asid;
	uint64_t layout;		/* random numbers of the IOVAs: the same for the same calls */
	struct table *root;
	struct mapping *mappings;
	int leaf;			/* level of all leaves, SPACE_ANY_LEAF after space_new() */
	bool at_end;			/* the next mapping ends with the address space, if nothing else does */
};

#define SPACE_ANY_LEAF (-1)
#define SPACE_END (1ull << VQNIC_IOVA_BITS)

/* Spaces with one `layout` map the same IOVAs, as far as they are asked for the same sizes in the same order. */
struct space *space_new(struct host *h, unsigned int asid, uint64_t layout);
/* Takes all of it away, and tells the card nothing. NULL: nothing. */
void space_free(struct space *s);
/* Tells the card of the tables. */
void space_install(struct space *s);

/*
 * New memory without rights for the card's accesses, at a random address aligned to `align`; `writable` says what the
 * tables allow. Without it, the card may only read whatever the rights of the bytes are.
 */
uint64_t space_map(struct space *s, size_t size, size_t align, bool writable);
/* Takes memory away, and its tables, and makes the card forget them. Not in AS_IDENTITY, where memory stays. */
void space_unmap(struct space *s, uint64_t addr);

void *space_at(struct space *s, uint64_t addr, size_t len);
/* The address of memory that the tables map. False: it is none of that. Not in AS_IDENTITY. */
bool space_find(const struct space *s, const uint8_t *memory, uint64_t *addr);
void space_allow(struct space *s, uint64_t addr, size_t len, uint8_t rights);
void space_deny(struct space *s, uint64_t addr, size_t len, uint8_t rights);
/* Bus address of the leaf that maps `addr`, and its level: 2 is 1 GiB, 1 is 2 MiB, 0 is 4 KiB. */
uint64_t space_leaf(struct space *s, uint64_t addr, unsigned int *level);
/* Bus address of the entry of `level`, 0 if the tables do not reach so far. */
uint64_t space_entry(struct space *s, uint64_t addr, unsigned int level);
uint64_t *space_entry_at(struct space *s, uint64_t entry);

/*
 * Moves the memory that the leaf of `addr` maps to another bus address, content and rights with it; its old place stays
 * as it is until space_retire(). Returns the leaf's old bus address.
 */
uint64_t space_move(struct space *s, uint64_t addr);
/* Nothing is at the old place any more. */
void space_retire(struct space *s, uint64_t old);

void space_invalidate(struct space *s);
/* Begins it; true while the card is not done with it. */
void space_invalidate_start(struct space *s);
bool space_invalidating(struct space *s);

#endif
