// SPDX-License-Identifier: GPL-2.0-only
/*
 * The card's IOMMU: the page tables of an address space, docs/registers.md, and the memory that
 * they map.
 *
 * vhost hands over the whole map of a guest at every change. What is mapped already is kept in
 * order of IOVA, so that the two are compared in one pass and only what differs is touched. A piece
 * of memory is mapped and unmapped as a whole: no large page is ever taken apart.
 *
 * vhost lets go of a page before it takes it out of the map: it has unpinned what is missing in a
 * new map, and whoever owns the page may have freed it. So a piece holds a reference to each of its
 * folios until the card has forgotten it; and what is missing goes, even if what is new cannot be
 * mapped.
 *
 * The tables are bounded by what is mapped: none is empty but the root.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vhost_iotlb.h>

#include "vqnic.h"

#define VQNIC_ENTRIES		(SZ_4K / sizeof(__le64))
#define VQNIC_ENTRY_ADDRESS	GENMASK_ULL(51, 12)

static_assert(VQNIC_IOVA_BITS == 39, "three levels of tables");
static_assert(PAGE_SIZE >= SZ_4K);

struct vqnic_table {
	__le64 *entries;
	dma_addr_t bus;
	unsigned int used;		/* entries that are not 0 */
	struct list_head list;		/* of struct vqnic_change, if it is not part of a tree */
	struct vqnic_table *child[];	/* VQNIC_ENTRIES of them, unless it is of the last level */
};

/* A piece of memory that is contiguous for the processor and on the bus. */
struct vqnic_map {
	struct rb_node node;
	struct list_head list;		/* of struct vqnic_change */
	u64 iova;
	u64 size;
	phys_addr_t addr;
	dma_addr_t bus;			/* DMA_MAPPING_ERROR: not mapped yet */
	bool write;
};

/* A change under way. Whatever can fail is done before the first entry is touched. */
struct vqnic_change {
	struct list_head added;		/* in order of IOVA */
	struct list_head removed;
	struct list_head tables[VQNIC_LEVELS];	/* empty ones: spare, or taken out of the tree */
};

/* Entries of one table that belong together. */
struct vqnic_run {
	unsigned int level;
	unsigned int first;
	unsigned int count;
	u64 bytes;
};

static unsigned int vqnic_level_shift(unsigned int level)
{
	return ilog2(SZ_1G) - level * ilog2(VQNIC_ENTRIES);
}

static unsigned int vqnic_index(u64 iova, unsigned int level)
{
	return (iova >> vqnic_level_shift(level)) & (VQNIC_ENTRIES - 1);
}

static struct device *vqnic_as_dev(const struct vqnic_as *as)
{
	return &as->vdev->card->pdev->dev;
}

/*
 * The entries that map *map from `offset` on, as many as lie in one table. It is the same ones
 * whenever it is asked: by these, a map is also taken out again.
 */
static void vqnic_run_at(const struct vqnic_map *map, u64 offset, struct vqnic_run *run)
{
	u64 iova = map->iova + offset;
	u64 left = map->size - offset;
	unsigned int shift;

	for (run->level = 0; run->level < VQNIC_LEVEL_4K; run->level++) {
		u64 size = BIT_ULL(vqnic_level_shift(run->level));

		if (IS_ALIGNED(iova | (map->bus + offset), size) && left >= size)
			break;
	}
	shift = vqnic_level_shift(run->level);
	run->first = vqnic_index(iova, run->level);
	run->count = min_t(u64, left >> shift, VQNIC_ENTRIES - run->first);
	run->bytes = (u64)run->count << shift;
}

static void vqnic_table_free(struct vqnic_as *as, struct vqnic_table *table)
{
	dma_free_coherent(vqnic_as_dev(as), SZ_4K, table->entries, table->bus);
	kfree(table);
}

static struct vqnic_table *vqnic_table_alloc(struct vqnic_as *as, unsigned int level)
{
	unsigned int children = level < VQNIC_LEVEL_4K ? VQNIC_ENTRIES : 0;
	struct vqnic_table *table;

	table = kzalloc(struct_size(table, child, children), GFP_KERNEL_ACCOUNT);
	if (!table)
		return ERR_PTR(-ENOMEM);
	table->entries = dma_alloc_coherent(vqnic_as_dev(as), SZ_4K, &table->bus,
					    GFP_KERNEL_ACCOUNT);
	if (!table->entries) {
		kfree(table);
		return ERR_PTR(-ENOMEM);
	}
	if (table->bus & ~VQNIC_ENTRY_ADDRESS) {
		vqnic_table_free(as, table);
		return ERR_PTR(-ERANGE);
	}
	return table;
}

/*
 * A reference to each folio of the piece, or its return. A folio that is held is not split: both
 * find the same ones.
 */
static void vqnic_map_hold(const struct vqnic_map *map, bool hold)
{
	unsigned long pfn = PHYS_PFN(map->addr);
	unsigned long end = pfn + (map->size >> PAGE_SHIFT);

	while (pfn < end) {
		struct folio *folio = page_folio(pfn_to_page(pfn));
		unsigned long next = folio_pfn(folio) + folio_nr_pages(folio);

		if (hold)
			folio_get(folio);
		else
			folio_put(folio);
		pfn = next;
		cond_resched();
	}
}

/* The card cannot write without reading: neither can the platform's IOMMU let it. */
static enum dma_data_direction vqnic_map_direction(const struct vqnic_map *map)
{
	return map->write ? DMA_BIDIRECTIONAL : DMA_TO_DEVICE;
}

/* Without synchronising the CPU's caches: the memory is shared from now on, not handed over. */
static int vqnic_map_dma(struct vqnic_as *as, struct vqnic_map *map)
{
	struct device *dev = vqnic_as_dev(as);
	dma_addr_t bus;

	bus = dma_map_page_attrs(dev, pfn_to_page(PHYS_PFN(map->addr)), 0, map->size,
				 vqnic_map_direction(map), DMA_ATTR_SKIP_CPU_SYNC);
	if (dma_mapping_error(dev, bus))
		return -ENOMEM;
	/* A bounce buffer would be another memory than the guest's. */
	if (dma_need_sync(dev, bus) || bus & ~VQNIC_ENTRY_ADDRESS ||
	    (bus + map->size - SZ_4K) & ~VQNIC_ENTRY_ADDRESS) {
		dma_unmap_page_attrs(dev, bus, map->size, vqnic_map_direction(map),
				     DMA_ATTR_SKIP_CPU_SYNC);
		return -ERANGE;
	}
	map->bus = bus;
	return 0;
}

static void vqnic_map_free(struct vqnic_as *as, struct vqnic_map *map)
{
	if (map->bus != DMA_MAPPING_ERROR)
		dma_unmap_page_attrs(vqnic_as_dev(as), map->bus, map->size,
				     vqnic_map_direction(map), DMA_ATTR_SKIP_CPU_SYNC);
	vqnic_map_hold(map, false);
	kfree(map);
}

static void vqnic_maps_free(struct vqnic_as *as, struct list_head *maps)
{
	struct vqnic_map *map, *next;

	list_for_each_entry_safe(map, next, maps, list) {
		list_del(&map->list);
		vqnic_map_free(as, map);
	}
}

static struct vqnic_map *vqnic_map_at(struct rb_node *node)
{
	return rb_entry_safe(node, struct vqnic_map, node);
}

static void vqnic_map_insert(struct vqnic_as *as, struct vqnic_map *map)
{
	struct rb_node **link = &as->maps.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = map->iova < vqnic_map_at(parent)->iova ? &parent->rb_left
							      : &parent->rb_right;
	}
	rb_link_node(&map->node, parent, link);
	rb_insert_color(&map->node, &as->maps);
}

/* Takes *map out of what is mapped, to be unmapped. Returns the map behind it. */
static struct vqnic_map *vqnic_change_remove(struct vqnic_as *as, struct vqnic_change *change,
					     struct vqnic_map *map)
{
	struct vqnic_map *next = vqnic_map_at(rb_next(&map->node));

	rb_erase(&map->node, &as->maps);
	list_add_tail(&map->list, &change->removed);
	return next;
}

static int vqnic_change_add(struct vqnic_change *change, const struct vqnic_map *wanted)
{
	struct vqnic_map *map = kmemdup(wanted, sizeof(*wanted), GFP_KERNEL_ACCOUNT);

	if (!map)
		return -ENOMEM;
	vqnic_map_hold(map, true);
	list_add_tail(&map->list, &change->added);
	return 0;
}

/*
 * Bytes of a piece that begins at `iova`, of `left` bytes. Behind a platform IOMMU a piece begins
 * at a bus address as aligned as it is long: what lies in front of the first 2 MiB boundary, and
 * behind the last one, is mapped apart, so that large leaves fit the rest.
 */
static u64 vqnic_piece_size(u64 iova, u64 left)
{
	u64 front = ALIGN(iova, SZ_2M) - iova;

	if (front >= left)
		return left;
	if (front)
		return front;
	return left >= SZ_2M ? ALIGN_DOWN(left, SZ_2M) : left;
}

/* Checks a map of vhost's, which begins at `iova` or behind it. */
static int vqnic_check_map(const struct vhost_iotlb_map *map, u64 iova)
{
	if (map->last >= BIT_ULL(VQNIC_IOVA_BITS))
		return -ERANGE;
	if (map->start < iova || map->last < map->start || !(map->perm & VHOST_MAP_RW) ||
	    !PAGE_ALIGNED(map->start | (map->last + 1) | map->addr))
		return -EINVAL;
	return 0;
}

/*
 * Finds what is to be done so that exactly the maps of *iotlb (NULL: none) are there. What is no
 * more wanted has left as->maps when this returns, also on an error.
 */
static int vqnic_change_find(struct vqnic_as *as, const struct vhost_iotlb *iotlb,
			     struct vqnic_change *change)
{
	struct vqnic_map *old = vqnic_map_at(rb_first(&as->maps));
	struct rb_node *node = iotlb ? rb_first_cached(&iotlb->root) : NULL;
	struct vqnic_map piece = { .bus = DMA_MAPPING_ERROR };
	int err = 0;

	for (; node; node = rb_next(node)) {
		struct vhost_iotlb_map *map = rb_entry(node, struct vhost_iotlb_map, rb);
		u64 left = map->last - map->start + 1;
		int wrong = vqnic_check_map(map, piece.iova);

		if (wrong) {
			err = err ?: wrong;
			continue;
		}
		piece.iova = map->start;
		piece.addr = map->addr;
		piece.write = map->perm & VHOST_MAP_WO;
		for (; left; left -= piece.size) {
			piece.size = vqnic_piece_size(piece.iova, left);
			while (old && old->iova < piece.iova)
				old = vqnic_change_remove(as, change, old);
			if (old && old->iova == piece.iova && old->size == piece.size &&
			    old->addr == piece.addr && old->write == piece.write)
				old = vqnic_map_at(rb_next(&old->node));
			else if (!err)
				err = vqnic_change_add(change, &piece);
			piece.iova += piece.size;
			piece.addr += piece.size;
		}
		cond_resched();
	}
	while (old)
		old = vqnic_change_remove(as, change, old);
	return err;
}

/* Makes a spare table of `level` for `index`, counted over the level, unless it is the last one. */
static int vqnic_change_need(struct vqnic_as *as, struct vqnic_change *change, unsigned int level,
			     u64 index, u64 *last)
{
	struct vqnic_table *table;

	if (*last == index)
		return 0;
	*last = index;
	table = vqnic_table_alloc(as, level);
	if (IS_ERR(table))
		return PTR_ERR(table);
	list_add(&table->list, &change->tables[level]);
	return 0;
}

/*
 * Maps for DMA what is added, and gets all the tables that it will take: those that are not there
 * now. Those that go with what is removed come on top.
 */
static int vqnic_change_prepare(struct vqnic_as *as, struct vqnic_change *change)
{
	u64 last_2m = U64_MAX, last_4k = U64_MAX;
	struct vqnic_run run;
	struct vqnic_map *map;
	u64 offset;
	int err;

	list_for_each_entry(map, &change->added, list) {
		err = vqnic_map_dma(as, map);
		if (err)
			return err;
		for (offset = 0; offset < map->size; offset += run.bytes) {
			u64 iova = map->iova + offset;
			struct vqnic_table *table;

			cond_resched();
			vqnic_run_at(map, offset, &run);
			if (run.level == VQNIC_LEVEL_1G)
				continue;
			table = as->root->child[vqnic_index(iova, VQNIC_LEVEL_1G)];
			if (!table) {
				err = vqnic_change_need(as, change, VQNIC_LEVEL_2M,
							iova >> vqnic_level_shift(VQNIC_LEVEL_1G),
							&last_2m);
				if (err)
					return err;
			}
			if (run.level == VQNIC_LEVEL_2M)
				continue;
			if (!table || !table->child[vqnic_index(iova, VQNIC_LEVEL_2M)]) {
				err = vqnic_change_need(as, change, VQNIC_LEVEL_4K,
							iova >> vqnic_level_shift(VQNIC_LEVEL_2M),
							&last_4k);
				if (err)
					return err;
			}
		}
	}
	return 0;
}

/* Takes the map's entries out of the tables, and tables out of the tree that are empty then. */
static void vqnic_map_clear(struct vqnic_as *as, const struct vqnic_map *map,
			    struct vqnic_change *change)
{
	struct vqnic_table *path[VQNIC_LEVELS];
	struct vqnic_run run;
	unsigned int i;
	u64 offset;

	for (offset = 0; offset < map->size; offset += run.bytes) {
		u64 iova = map->iova + offset;

		vqnic_run_at(map, offset, &run);
		path[0] = as->root;
		for (i = 0; i < run.level; i++)
			path[i + 1] = path[i]->child[vqnic_index(iova, i)];
		for (i = 0; i < run.count; i++)
			WRITE_ONCE(path[run.level]->entries[run.first + i], 0);
		path[run.level]->used -= run.count;
		as->stats.leaves[run.level] -= run.count;

		for (i = run.level; i > 0 && !path[i]->used; i--) {
			unsigned int index = vqnic_index(iova, i - 1);

			WRITE_ONCE(path[i - 1]->entries[index], 0);
			path[i - 1]->child[index] = NULL;
			path[i - 1]->used--;
			list_add(&path[i]->list, &change->tables[i]);
			as->stats.tables--;
		}
		cond_resched();
	}
	as->stats.maps--;
	as->stats.bytes -= map->size;
}

static void vqnic_change_commit_removed(struct vqnic_as *as, struct vqnic_change *change)
{
	struct vqnic_map *map;

	if (list_empty(&change->removed))
		return;
	list_for_each_entry(map, &change->removed, list)
		vqnic_map_clear(as, map, change);
	vqnic_cmd_as_invalidate(as->vdev->card, as->index);
	vqnic_maps_free(as, &change->removed);
}

/* The table at `index` of *table, which is of `level`; a spare one, if there is none. */
static struct vqnic_table *vqnic_table_below(struct vqnic_as *as, struct vqnic_change *change,
					     struct vqnic_table *table, unsigned int level,
					     unsigned int index)
{
	struct vqnic_table *child = table->child[index];

	if (child)
		return child;
	child = list_first_entry(&change->tables[level + 1], struct vqnic_table, list);
	list_del(&child->list);
	/* The card may look at any time: it must find an empty table. */
	dma_wmb();
	WRITE_ONCE(table->entries[index], cpu_to_le64(child->bus | VQNIC_PTE_VALID));
	table->child[index] = child;
	table->used++;
	as->stats.tables++;
	return child;
}

/* Puts the map's entries into the tables. Nothing else is mapped there, and tables suffice. */
static void vqnic_map_write(struct vqnic_as *as, const struct vqnic_map *map,
			    struct vqnic_change *change)
{
	u64 bits = VQNIC_PTE_VALID | VQNIC_PTE_LEAF | (map->write ? VQNIC_PTE_WRITE : 0);
	struct vqnic_run run;
	unsigned int i;
	u64 offset;

	for (offset = 0; offset < map->size; offset += run.bytes) {
		struct vqnic_table *table = as->root;
		u64 entry = (map->bus + offset) | bits;

		vqnic_run_at(map, offset, &run);
		for (i = 0; i < run.level; i++)
			table = vqnic_table_below(as, change, table, i,
						  vqnic_index(map->iova + offset, i));
		for (i = 0; i < run.count; i++) {
			WRITE_ONCE(table->entries[run.first + i], cpu_to_le64(entry));
			entry += BIT_ULL(vqnic_level_shift(run.level));
		}
		table->used += run.count;
		as->stats.leaves[run.level] += run.count;
		cond_resched();
	}
	as->stats.maps++;
	as->stats.bytes += map->size;
}

static void vqnic_change_commit_added(struct vqnic_as *as, struct vqnic_change *change)
{
	struct vqnic_map *map, *next;

	list_for_each_entry_safe(map, next, &change->added, list) {
		list_del(&map->list);
		vqnic_map_write(as, map, change);
		vqnic_map_insert(as, map);
	}
}

/*
 * As long as guests' memory is mapped the module stays: its removal would wait for whoever has
 * /dev/vhost-vdpa-N open, with the card half gone. Only vhost maps; with virtio_vdpa the module can
 * be removed at any time.
 */
static int vqnic_as_hold_module(struct vqnic_as *as)
{
	if (!as->holds_module && !try_module_get(THIS_MODULE))
		return -ENODEV;
	as->holds_module = true;
	return 0;
}

static void vqnic_as_release_module(struct vqnic_as *as)
{
	if (as->holds_module)
		module_put(THIS_MODULE);
	as->holds_module = false;
}

/*
 * Makes *iotlb what the address space maps; NULL: nothing. The card reaches what stays all the
 * while, and what is missing no more when this returns. On an error nothing is added: -ENOMEM,
 * -ERANGE: an address is beyond what the card can map or reach, -EINVAL: *iotlb is not for pages,
 * -ENODEV: the module is being removed.
 */
int vqnic_as_set_map(struct vqnic_as *as, const struct vhost_iotlb *iotlb)
{
	struct vqnic_table *table, *next;
	struct vqnic_change change;
	unsigned int i;
	int err;

	INIT_LIST_HEAD(&change.added);
	INIT_LIST_HEAD(&change.removed);
	for (i = 0; i < VQNIC_LEVELS; i++)
		INIT_LIST_HEAD(&change.tables[i]);

	mutex_lock(&as->lock);
	err = vqnic_change_find(as, iotlb, &change);
	if (!err && !list_empty(&change.added))
		err = vqnic_as_hold_module(as);
	if (!err)
		err = vqnic_change_prepare(as, &change);
	if (err)
		vqnic_maps_free(as, &change.added);
	vqnic_change_commit_removed(as, &change);
	vqnic_change_commit_added(as, &change);
	for (i = 0; i < VQNIC_LEVELS; i++)
		list_for_each_entry_safe(table, next, &change.tables[i], list)
			vqnic_table_free(as, table);

	if (RB_EMPTY_ROOT(&as->maps))
		vqnic_as_release_module(as);
	mutex_lock(&as->vdev->lock);
	as->shown = as->stats;
	mutex_unlock(&as->vdev->lock);
	mutex_unlock(&as->lock);
	return err;
}

/* Makes an empty address space of the card's number `index`, which the card does not know yet. */
int vqnic_as_open(struct vqnic_as *as, struct vqnic_vdev *vdev, u16 index)
{
	memset(as, 0, sizeof(*as));
	as->vdev = vdev;
	as->index = index;
	as->maps = RB_ROOT;
	as->root = vqnic_table_alloc(as, VQNIC_LEVEL_1G);
	if (IS_ERR(as->root))
		return PTR_ERR(as->root);
	as->stats.tables = 1;
	as->shown = as->stats;
	mutex_init(&as->lock);
	return 0;
}

/* Tells the card where the tables are, as after its reset. Maps may change meanwhile. */
void vqnic_as_program(struct vqnic_as *as)
{
	vqnic_cmd_as_set_root(as->vdev->card, as->index, as->root->bus | VQNIC_PTE_VALID);
}

/* Unmaps everything. No queue runs in the address space any more. */
void vqnic_as_close(struct vqnic_as *as)
{
	struct vqnic_card *card = as->vdev->card;

	vqnic_as_set_map(as, NULL);
	vqnic_cmd_as_set_root(card, as->index, 0);
	vqnic_cmd_as_invalidate(card, as->index);
	mutex_destroy(&as->lock);
	vqnic_table_free(as, as->root);
}
