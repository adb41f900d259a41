// SPDX-License-Identifier: Apache-2.0
/* Address spaces: see space.h. */
#include "space.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#define PAGE 4096ull
#define ENTRIES 512
#define LEVELS 3
#define ADDRESS_MASK 0x000ffffffffff000ull
/* An invalidation ends within so many polls. */
#define INVALIDATE_POLLS 100000

struct table {
	struct table *next;
	uint64_t bus;
	uint64_t *entries;
	uint8_t *rights;
};

/* What one leaf maps of a mapping. */
struct piece {
	uint64_t iova, bus;
	size_t size;
	unsigned int level;
};

struct mapping {
	struct mapping *next;
	uint64_t iova;
	size_t size;
	uint8_t *bytes, *rights;
	bool writable;
	struct piece *pieces;
	size_t piece_count;
	struct table *tables;		/* this mapping has its parts of 1 GiB for itself */
};

static void *allocate(size_t size)
{
	void *p = calloc(1, size);

	if (!p) {
		fprintf(stderr, "out of memory\n");
		exit(1);
	}
	return p;
}

static uint64_t leaf_size(unsigned int level)
{
	return PAGE << 9 * level;
}

static unsigned int entry_index(uint64_t iova, unsigned int level)
{
	return iova >> (12 + 9 * level) & (ENTRIES - 1);
}

static struct table *table_new(struct space *s)
{
	struct table *t = allocate(sizeof(*t));

	t->bus = host_place(s->host, PAGE, PAGE);
	t->entries = host_alloc(PAGE);
	t->rights = host_alloc(PAGE);
	memset(t->rights, HOST_READ, PAGE);
	host_add(s->host, t->bus, PAGE, (uint8_t *)t->entries, t->rights);
	return t;
}

static void table_free(struct space *s, struct table *t)
{
	host_remove(s->host, t->bus);
	host_free(t->entries, PAGE);
	host_free(t->rights, PAGE);
	free(t);
}

static void mapping_free(struct space *s, struct mapping *m)
{
	for (size_t i = 0; i < m->piece_count; i++)
		host_remove(s->host, m->pieces[i].bus);
	for (struct table *t = m->tables, *next; t; t = next) {
		next = t->next;
		table_free(s, t);
	}
	host_free(m->bytes, m->size);
	host_free(m->rights, m->size);
	free(m->pieces);
	free(m);
}

static bool identity(const struct space *s)
{
	return s->asid == VQNIC_AS_IDENTITY;
}

struct space *space_new(struct host *h, unsigned int asid, uint64_t layout)
{
	struct space *s = allocate(sizeof(*s));

	s->host = h;
	s->asid = asid;
	s->layout = layout;
	s->leaf = SPACE_ANY_LEAF;
	if (!identity(s))
		s->root = table_new(s);
	return s;
}

void space_free(struct space *s)
{
	if (!s)
		return;
	for (struct mapping *m = s->mappings, *next; m; m = next) {
		next = m->next;
		mapping_free(s, m);
	}
	if (s->root)
		table_free(s, s->root);
	free(s);
}

static uint32_t bank(const struct space *s, uint32_t offset)
{
	return VQNIC_AS_BANK_OFFSET + s->asid * VQNIC_AS_BANK_STRIDE + offset;
}

void space_install(struct space *s)
{
	if (identity(s))
		return;
	host_set(s->host, bank(s, VQNIC_REG_AS_ROOT) + 4, 4, s->root->bus >> 32);
	host_set(s->host, bank(s, VQNIC_REG_AS_ROOT), 4, (uint32_t)s->root->bus | VQNIC_PTE_VALID);
}

void space_invalidate_start(struct space *s)
{
	host_set(s->host, bank(s, VQNIC_REG_AS_INVALIDATE), 4, VQNIC_AS_INVALIDATE_BUSY);
}

bool space_invalidating(struct space *s)
{
	return host_get(s->host, bank(s, VQNIC_REG_AS_INVALIDATE), 4) & VQNIC_AS_INVALIDATE_BUSY;
}

void space_invalidate(struct space *s)
{
	unsigned int polls = 0;

	space_invalidate_start(s);
	while (space_invalidating(s)) {
		host_run(s->host, 10);
		test_check(++polls < INVALIDATE_POLLS, "address space %u: invalidation never ends", s->asid);
	}
}

static uint64_t *entry_of(struct space *s, uint64_t iova, unsigned int level)
{
	uint64_t entry = space_entry(s, iova, level);

	test_check(entry, "the test itself maps nothing at 0x%" PRIx64, iova);
	return space_entry_at(s, entry);
}

uint64_t *space_entry_at(struct space *s, uint64_t entry)
{
	return host_at(s->host, entry, 8);
}

uint64_t space_entry(struct space *s, uint64_t iova, unsigned int level)
{
	uint64_t table = s->root->bus;

	for (unsigned int at = LEVELS - 1; ; at--) {
		uint64_t entry = table + 8 * entry_index(iova, at), value = *space_entry_at(s, entry);

		if (at == level)
			return entry;
		if (!(value & VQNIC_PTE_VALID) || value & VQNIC_PTE_LEAF)
			return 0;
		table = value & ADDRESS_MASK;
	}
}

uint64_t space_leaf(struct space *s, uint64_t addr, unsigned int *level)
{
	for (*level = LEVELS - 1; *level; --*level)
		if (!space_entry(s, addr, *level - 1))
			break;
	return space_entry(s, addr, *level);
}

/* Puts a piece of the mapping's memory at a new place, and says so in its leaf. */
static void place_piece(struct space *s, struct mapping *m, struct piece *p)
{
	uint64_t size = leaf_size(p->level), leaf = host_place(s->host, size, size), at = p->iova - m->iova;

	p->bus = leaf + p->iova % size;
	host_add(s->host, p->bus, p->size, m->bytes + at, m->rights + at);
	*entry_of(s, p->iova, p->level) = leaf | VQNIC_PTE_VALID | VQNIC_PTE_LEAF | (m->writable ? VQNIC_PTE_WRITE : 0);
}

static void add_table(struct space *s, struct mapping *m, uint64_t iova, unsigned int level)
{
	struct table *t = table_new(s);

	*entry_of(s, iova, level) = t->bus | VQNIC_PTE_VALID;
	t->next = m->tables;
	m->tables = t;
}

/* Maps what lies of [iova, end) in the part of the address space that an entry of `level` covers. */
static void build(struct space *s, struct mapping *m, uint64_t iova, uint64_t end, unsigned int level)
{
	static const unsigned int chances[LEVELS] = { 100, 30, 20 };
	struct host *h = s->host;
	bool leaf = host_chance(h, chances[level]) || (level == 1 && end - iova > 64 * PAGE && host_chance(h, 80));

	if (s->leaf == SPACE_ANY_LEAF ? leaf : level == (unsigned int)s->leaf) {
		struct piece *p = &m->pieces[m->piece_count++];

		*p = (struct piece){ .iova = iova, .size = end - iova, .level = level };
		place_piece(s, m, p);
		return;
	}
	add_table(s, m, iova, level);
	for (uint64_t next; iova < end; iova = next) {
		next = (iova / leaf_size(level - 1) + 1) * leaf_size(level - 1);
		build(s, m, iova, next < end ? next : end, level - 1);
	}
}

/* Anywhere, with a liking for the ends of the address space and of what tables and leaves cover. */
static uint64_t random_iova(struct space *s, uint64_t size)
{
	uint64_t inside = rng_range(&s->layout, 0, size / PAGE) * PAGE;
	uint64_t any = rng_range(&s->layout, 0, (SPACE_END - size) / PAGE) * PAGE;

	switch (rng_range(&s->layout, 0, 7)) {
	case 0:
		return 0;
	case 1:
		return SPACE_END - size;
	case 2:
		any = any / leaf_size(2) * leaf_size(2) + leaf_size(2);
		return any + size > SPACE_END ? SPACE_END - size : any - inside;
	case 3:
	case 4:
		any = any / leaf_size(1) * leaf_size(1) + leaf_size(1);
		return any + size > SPACE_END ? SPACE_END - size : any - inside;
	default:
		return any;
	}
}

static bool taken(const struct space *s, uint64_t iova, uint64_t size)
{
	const uint64_t part = leaf_size(2);

	for (const struct mapping *m = s->mappings; m; m = m->next)
		if (iova / part <= (m->iova + m->size - 1) / part && m->iova / part <= (iova + size - 1) / part)
			return true;
	return false;
}

uint64_t space_map(struct space *s, size_t size, size_t align, bool writable)
{
	const size_t room = (size + 3 * PAGE) / PAGE * PAGE;
	uint64_t offset, end, next;
	struct mapping *m;

	if (identity(s))
		return host_map(s->host, size, align);
	m = allocate(sizeof(*m));
	do {
		m->iova = s->at_end ? SPACE_END - room : random_iova(s, room);
		s->at_end = false;
	} while (taken(s, m->iova, room));
	offset = rng_range(&s->layout, 0, (PAGE - 1) / align) * align;
	m->size = room;
	m->writable = writable;
	m->bytes = host_alloc(room);
	m->rights = host_alloc(room);
	m->pieces = allocate(room / PAGE * sizeof(*m->pieces));
	m->next = s->mappings;
	s->mappings = m;
	end = m->iova + room;
	for (uint64_t iova = m->iova; iova < end; iova = next) {
		next = (iova / leaf_size(2) + 1) * leaf_size(2);
		build(s, m, iova, next < end ? next : end, 2);
	}
	return m->iova + PAGE + offset;
}

static struct mapping *find(struct space *s, uint64_t addr)
{
	for (struct mapping *m = s->mappings; m; m = m->next)
		if (addr - m->iova < m->size)
			return m;
	test_fail("the test itself maps nothing at 0x%" PRIx64, addr);
}

static struct piece *find_piece(struct space *s, uint64_t addr)
{
	struct mapping *m = find(s, addr);

	for (size_t i = 0; ; i++)
		if (addr - m->pieces[i].iova < m->pieces[i].size)
			return &m->pieces[i];
}

void space_unmap(struct space *s, uint64_t addr)
{
	struct mapping **at = &s->mappings, *m;

	if (identity(s))
		return;
	m = find(s, addr);
	for (uint64_t iova = m->iova; iova < m->iova + m->size; iova = (iova / leaf_size(2) + 1) * leaf_size(2))
		*entry_of(s, iova, 2) = 0;
	space_invalidate(s);
	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	mapping_free(s, m);
}

void *space_at(struct space *s, uint64_t addr, size_t len)
{
	struct mapping *m;

	if (identity(s))
		return host_at(s->host, addr, len);
	m = find(s, addr);
	test_check(addr - m->iova + len <= m->size, "the test itself uses no memory at 0x%" PRIx64, addr);
	return m->bytes + (addr - m->iova);
}

bool space_find(const struct space *s, const uint8_t *memory, uint64_t *addr)
{
	for (const struct mapping *m = s->mappings; m; m = m->next) {
		if (memory >= m->bytes && memory < m->bytes + m->size) {
			*addr = m->iova + (uint64_t)(memory - m->bytes);
			return true;
		}
	}
	return false;
}

void space_allow(struct space *s, uint64_t addr, size_t len, uint8_t rights)
{
	struct mapping *m;

	if (identity(s)) {
		host_allow(s->host, addr, len, rights);
		return;
	}
	m = find(s, addr);
	for (size_t i = 0; i < len; i++)
		m->rights[addr - m->iova + i] |= rights;
}

void space_deny(struct space *s, uint64_t addr, size_t len, uint8_t rights)
{
	struct mapping *m;

	if (identity(s)) {
		host_deny(s->host, addr, len, rights);
		return;
	}
	m = find(s, addr);
	for (size_t i = 0; i < len; i++)
		m->rights[addr - m->iova + i] &= (uint8_t)~rights;
}

uint64_t space_move(struct space *s, uint64_t addr)
{
	struct piece *p = find_piece(s, addr);
	uint64_t old = p->bus;

	place_piece(s, find(s, addr), p);
	return old;
}

void space_retire(struct space *s, uint64_t old)
{
	host_remove(s->host, old);
}
