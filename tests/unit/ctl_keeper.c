// SPDX-License-Identifier: Apache-2.0
/*
 * vqnicd keeps what there is as it is wanted, over a driver that is played: what plans say, what is refused, and that
 * what there is afterwards is as the old state says or as the new one, wherever vqnicd was killed or refused something.
 *
 * The driver is in memory that is shared with the processes that are killed.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>

#include "keeper.h"

#define A "0000:00:05.0"
#define B "0000:00:06.0"
#define KILLED 77
#define BIT(bit) (UINT64_C(1) << (bit))

/* ---- a driver that is played ---- */

struct played_dev {
	char name[80];		/* "": none */
	char card[ADDRESS_BYTES];
	uint8_t mac[VQNIC_MAC_BYTES];
	uint16_t mtu, pairs;
	uint64_t features;
	struct vqnic_policy policy;	/* all of it */
	bool in_use;		/* somebody has it open */
};

struct played_card {
	char address[ADDRESS_BYTES];
	bool there, dead;
	uint32_t devs_max, pairs_max, dev_pairs_max, mtu_max;
	uint64_t features, default_features;
};

#define DEVS 64

static struct driver {
	bool loaded;
	struct played_card cards[2];
	struct played_dev devs[DEVS];
	struct played_dev intruder;	/* comes just before vqnicd makes one */
	char said[128];
	/* Steps are what changes something: calls of the driver, and those that see a file to its disk. */
	unsigned int steps;
	unsigned int kill_at;		/* the process ends before that step; 0: at none */
	unsigned int refuse_at;		/* that step is refused; 0: none */
	int refuse_err;			/* so by the driver; a disk is full */
	bool refused;			/* the driver has */
	bool disk_full;
	bool refuse_rest;		/* and all behind it */
	bool in_use;			/* whatever is made is opened at once */
	char calls[4096];		/* that changed something, "add web0 policy web0 " */
} *d;

static int step(bool of_driver)
{
	if (++d->steps == d->kill_at)
		_exit(KILLED);
	if (!of_driver && d->disk_full)
		return -ENOSPC;
	if (d->steps != d->refuse_at && !(d->refuse_rest && d->steps > d->refuse_at))
		return 0;
	d->refused = of_driver;
	return of_driver ? d->refuse_err : -ENOSPC;
}

static int say(int err, const char *why)
{
	snprintf(d->said, sizeof(d->said), "%s", why);
	return err;
}

static int call(const char *what, const char *dev)
{
	size_t len = strlen(d->calls);
	int ret = step(true);

	snprintf(d->calls + len, sizeof(d->calls) - len, "%s %s ", what, dev);
	return ret ? say(ret, "as was to be played") : 0;
}

static struct played_card *card_of(const char *address)
{
	for (size_t i = 0; i < 2; i++)
		if (!strcmp(d->cards[i].address, address))
			return &d->cards[i];
	return NULL;
}

static struct played_dev *dev_of(const char *name)
{
	for (size_t i = 0; i < DEVS; i++)
		if (*name && !strcmp(d->devs[i].name, name))
			return &d->devs[i];
	return NULL;
}

static struct played_dev *put_dev(const struct played_dev *dev)
{
	for (size_t i = 0; i < DEVS; i++)
		if (!*d->devs[i].name) {
			d->devs[i] = *dev;
			return &d->devs[i];
		}
	fail_msg("more than %d devices", DEVS);
	return NULL;
}

/* As "vdpa dev add" makes it. */
static struct played_dev fresh_dev(const char *name, const char *card)
{
	struct played_dev dev = {
		.mac = { 0xfe, 0, 0, 0, 0, 9 }, .mtu = 1500, .pairs = 1, .policy = { .macs_max = 96 },
		.features = card_of(card)->default_features & ~BIT(VIRTIO_NET_F_MQ),
	};

	snprintf(dev.name, sizeof(dev.name), "%s", name);
	snprintf(dev.card, sizeof(dev.card), "%s", card);
	VQNIC_GIVE(&dev.policy, VQNIC_FILTER_A_ALL_VLANS);
	return dev;
}

const char *__wrap_vqnic_error(const struct vqnic *vq);
const char *__wrap_vqnic_error(const struct vqnic *vq)
{
	(void)vq;
	return d->said;
}

int __wrap_vqnic_cards(struct vqnic *vq, const char *card, vqnic_card_fn fn, void *opaque);
int __wrap_vqnic_cards(struct vqnic *vq, const char *card, vqnic_card_fn fn, void *opaque)
{
	bool found = !card;
	int ret = 0;

	(void)vq;
	if (!d->loaded)
		return say(-ENOENT, "the vqnic driver is not loaded");
	for (size_t i = 0; i < 2 && !ret; i++) {
		const struct played_card *c = &d->cards[i];
		const struct vqnic_card is = {
			.name = c->address, .dead = c->dead, .vdevs = c->devs_max, .pairs = c->pairs_max,
			.vdev_vqs = 2 * c->dev_pairs_max + 1, .mtu_max = c->mtu_max, .virtio_features = c->features,
			.default_features = c->default_features, .macs_max = 96,
		};

		if (!c->there || (card && strcmp(card, c->address)))
			continue;
		found = true;
		ret = fn(&is, opaque);
	}
	return found ? ret : say(-ENODEV, "there is no such card");
}

int __wrap_vqnic_devs(struct vqnic *vq, const char *card, const char *dev, vqnic_dev_fn fn, void *opaque);
int __wrap_vqnic_devs(struct vqnic *vq, const char *card, const char *dev, vqnic_dev_fn fn, void *opaque)
{
	int ret = 0;

	(void)vq;
	assert_null(card);
	assert_null(dev);
	for (size_t i = 0; i < DEVS && !ret; i++) {
		struct vqnic_dev is = {
			.name = d->devs[i].name, .card = d->devs[i].card, .mtu = d->devs[i].mtu,
			.pairs = d->devs[i].pairs, .offered = d->devs[i].features,
		};

		/* The guest's own address, not the one that was given. */
		is.mac[0] = 2;
		if (*d->devs[i].name)
			ret = fn(&is, opaque);
	}
	return ret;
}

int __wrap_vqnic_filters(struct vqnic *vq, const char *card, const char *dev, vqnic_filter_fn fn, void *opaque);
int __wrap_vqnic_filters(struct vqnic *vq, const char *card, const char *dev, vqnic_filter_fn fn, void *opaque)
{
	static const uint8_t all[VQNIC_VLANS_BYTES];
	int ret = 0;

	(void)vq;
	assert_null(card);
	assert_null(dev);
	for (size_t i = 0; i < DEVS && !ret; i++) {
		const struct played_dev *is = &d->devs[i];
		const struct vqnic_policy *p = &is->policy;
		struct vqnic_filter_part part = {
			.macs_max = p->macs_max, .unicast = { p->mac_count, p->macs }, .spoof_check = p->spoof_check,
			.trust = p->trust, .port_vlan = p->port_vlan, .pcp = p->pcp,
			.all_vlans = VQNIC_HAS(p, VQNIC_FILTER_A_ALL_VLANS),
			.vlans = VQNIC_HAS(p, VQNIC_FILTER_A_ALL_VLANS) ? all : p->vlans,
		};
		const struct vqnic_filter filter = { .card = is->card, .dev = is->name, .policy = &part };

		memcpy(part.mac, is->mac, sizeof(part.mac));
		if (*is->name)
			ret = fn(&filter, opaque);
	}
	return ret;
}

int __wrap_vqnic_dev_add(struct vqnic *vq, const char *card, const char *dev, const struct vqnic_dev_spec *spec);
int __wrap_vqnic_dev_add(struct vqnic *vq, const char *card, const char *dev, const struct vqnic_dev_spec *spec)
{
	const struct played_card *c = card_of(card);
	uint32_t devs = 1, pairs = spec->pairs;
	struct played_dev is;
	int ret;

	(void)vq;
	if (*d->intruder.name)
		put_dev(&d->intruder);
	d->intruder = (struct played_dev){ 0 };
	ret = call("add", dev);
	if (ret)
		return ret;
	if (!c || !c->there)
		return say(-ENODEV, "there is no such card");
	if (c->dead)
		return say(-EIO, "the card answers no more");
	if (dev_of(dev))
		return say(-EEXIST, "there is a device of that name already");
	for (size_t i = 0; i < DEVS; i++)
		if (!strcmp(d->devs[i].card, card)) {
			devs++;
			pairs += d->devs[i].pairs;
		}
	if (devs > c->devs_max || pairs > c->pairs_max)
		return say(-ENOSPC, "the card has no room");
	assert_true(VQNIC_HAS(spec, VQNIC_A_DEV_MAC) && VQNIC_HAS(spec, VQNIC_A_DEV_MTU) &&
		    VQNIC_HAS(spec, VQNIC_A_DEV_PAIRS) && VQNIC_HAS(spec, VQNIC_A_DEV_OFFERED));
	is = fresh_dev(dev, card);
	memcpy(is.mac, spec->mac, sizeof(is.mac));
	is.mtu = spec->mtu;
	is.pairs = spec->pairs;
	is.features = spec->features;
	is.in_use = d->in_use;
	put_dev(&is);
	return 0;
}

int __wrap_vqnic_dev_del(struct vqnic *vq, const char *card, const char *dev);
int __wrap_vqnic_dev_del(struct vqnic *vq, const char *card, const char *dev)
{
	struct played_dev *is = dev_of(dev);
	int ret = call("del", dev);

	(void)vq;
	(void)card;
	if (ret)
		return ret;
	if (!is)
		return say(-ENODEV, "there is no such device");
	if (is->in_use)
		return say(-EBUSY, "somebody has its vhost-vdpa device open");
	*is = (struct played_dev){ 0 };
	return 0;
}

int __wrap_vqnic_dev_set_mac(struct vqnic *vq, const char *card, const char *dev, const uint8_t mac[VQNIC_MAC_BYTES]);
int __wrap_vqnic_dev_set_mac(struct vqnic *vq, const char *card, const char *dev, const uint8_t mac[VQNIC_MAC_BYTES])
{
	struct played_dev *is = dev_of(dev);
	int ret = call("mac", dev);

	(void)vq;
	if (ret)
		return ret;
	if (!is || strcmp(is->card, card))
		return say(-ENODEV, "there is no such device");
	memcpy(is->mac, mac, sizeof(is->mac));
	return 0;
}

int __wrap_vqnic_set_policy(struct vqnic *vq, const char *card, const char *dev, const struct vqnic_policy *policy);
int __wrap_vqnic_set_policy(struct vqnic *vq, const char *card, const char *dev, const struct vqnic_policy *policy)
{
	struct played_dev *is = dev_of(dev);
	int ret = call("policy", dev);
	struct vqnic_policy p;

	(void)vq;
	if (ret)
		return ret;
	if (!is || strcmp(is->card, card))
		return say(-ENODEV, "there is no such device");
	p = *policy;
	memset(p.present, 0, sizeof(p.present));
	assert_true(VQNIC_HAS(policy, VQNIC_FILTER_A_VLANS) != VQNIC_HAS(policy, VQNIC_FILTER_A_ALL_VLANS));
	assert_true(VQNIC_HAS(policy, VQNIC_FILTER_A_UNICAST) && VQNIC_HAS(policy, VQNIC_FILTER_A_SPOOF_CHECK) &&
		    VQNIC_HAS(policy, VQNIC_FILTER_A_TRUST) && VQNIC_HAS(policy, VQNIC_FILTER_A_PORT_VLAN));
	assert_true(VQNIC_HAS(policy, VQNIC_FILTER_A_PCP) || !p.pcp);
	if (VQNIC_HAS(policy, VQNIC_FILTER_A_ALL_VLANS))
		VQNIC_GIVE(&p, VQNIC_FILTER_A_ALL_VLANS);
	if (!VQNIC_HAS(policy, VQNIC_FILTER_A_MACS_MAX))
		p.macs_max = is->policy.macs_max;
	is->policy = p;
	return 0;
}

/* ---- and a disk ---- */

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	(void)fd;
	errno = -step(false);
	return errno ? -1 : 0;
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
	errno = -step(false);
	return errno ? -1 : __real_rename(from, to);
}

/* ---- what tests do ---- */

static char store[64], why[KEEPER_WHY_BYTES];

static void clear_store(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", store);
	assert_int_equal(system(command), 0);
}

/* Two cards, of which one has room for little; a device that vqnicd has not made; nothing in the store. */
static int setup(void **state)
{
	struct played_dev foreign;

	(void)state;
	snprintf(store, sizeof(store), "/tmp/ctl_keeper.%d", getpid());
	clear_store();
	if (!d)
		d = mmap(NULL, sizeof(*d), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(d != MAP_FAILED);
	*d = (struct driver){ .loaded = true };
	for (size_t i = 0; i < 2; i++) {
		d->cards[i] = (struct played_card){
			.there = true, .devs_max = 16, .pairs_max = i ? 4 : 32, .dev_pairs_max = 16, .mtu_max = 9216,
			.features = BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_F_ACCESS_PLATFORM) | BIT(VIRTIO_NET_F_MAC) |
				    BIT(VIRTIO_NET_F_MTU) | BIT(VIRTIO_NET_F_STATUS) | BIT(VIRTIO_NET_F_MQ) |
				    BIT(VIRTIO_NET_F_CTRL_VQ) | BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_CTRL_RX),
		};
		d->cards[i].default_features = d->cards[i].features & ~BIT(VIRTIO_NET_F_CTRL_RX);
		snprintf(d->cards[i].address, ADDRESS_BYTES, "%s", i ? B : A);
	}
	foreign = fresh_dev("foreign0", A);
	foreign.policy.trust = true;
	put_dev(&foreign);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	clear_store();
	return 0;
}

static struct keeper *open_keeper(void)
{
	struct keeper *k;

	if (keeper_open(&k, store, (struct vqnic *)d, why))
		fail_msg("%s", why);
	return k;
}

/* A plan as text, a line for each change. */
static const char *text_of(const struct plan *plan)
{
	static char text[8192];
	size_t len = 0;

	*text = '\0';
	for (size_t i = 0; i < plan->count; i++) {
		const struct change *c = &plan->changes[i];

		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %s%s%s%s%s%s%s\n", change_name(c->what),
					c->dev ? c->dev : c->card, *c->text ? ": " : "", c->text,
					c->done ? " (done)" : "", *c->pending ? " (pending: " : "", c->pending,
					*c->pending ? ")" : "");
	}
	return text;
}

static void expect_plan(int ret, struct plan *plan, const char *expected)
{
	if (ret)
		fail_msg("is refused: %s", why);
	assert_string_equal(text_of(plan), expected);
	plan_free(plan);
}

static void expect_diff(struct keeper *k, const char *text, const char *expected)
{
	struct plan *plan;
	int ret = keeper_diff(k, &plan, text, text ? strlen(text) : 0, why);

	expect_plan(ret, plan, expected);
}

static void expect_apply(struct keeper *k, const char *text, const char *expected)
{
	struct plan *plan;
	int ret = keeper_apply(k, &plan, text, strlen(text), why);

	expect_plan(ret, plan, expected);
}

static void expect_reconcile(struct keeper *k, const char *expected)
{
	struct plan *plan;
	int ret = keeper_reconcile(k, &plan, why);

	expect_plan(ret, plan, expected);
}

static void expect_refused(struct keeper *k, const char *text, int err, const char *expected)
{
	struct plan *plan;

	assert_int_equal(keeper_apply(k, &plan, text, strlen(text), why), err);
	assert_null(plan);
	assert_string_equal(why, expected);
}

static void apply(struct keeper *k, const char *text)
{
	struct plan *plan;

	if (keeper_apply(k, &plan, text, strlen(text), why))
		fail_msg("is refused: %s", why);
	plan_free(plan);
}

static void expect_calls(const char *calls)
{
	assert_string_equal(d->calls, calls);
	*d->calls = '\0';
}

/* What a file of the store has; "(none)" if it is not there. */
static const char *stored(const char *name)
{
	static char text[8192];
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", store, name);
	file = fopen(path, "r");
	if (!file)
		return "(none)";
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return text;
}

static void write_stored(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", store, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* Nothing is in the store but what is to be there. */
static void expect_tidy(void)
{
	struct dirent *entry;
	DIR *dir = opendir(store);

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (*entry->d_name != '.' && strcmp(entry->d_name, "lock") && strcmp(entry->d_name, "own") &&
		    strcmp(entry->d_name, "state.yaml"))
			fail_msg("%s is left in the store", entry->d_name);
	closedir(dir);
}

/* Whether both have the same devices, in whatever order. */
static bool same_devs(const struct driver *one, const struct driver *other)
{
	size_t count = 0;

	for (size_t i = 0; i < DEVS; i++)
		count += !!*other->devs[i].name;
	for (size_t i = 0; i < DEVS; i++) {
		bool found = !*one->devs[i].name;

		for (size_t k = 0; k < DEVS && !found; k++)
			found = !memcmp(&one->devs[i], &other->devs[k], sizeof(one->devs[i]));
		if (!found)
			return false;
		count -= !!*one->devs[i].name;
	}
	return !count;
}

/* ---- files ---- */

#define CARD(address, devices) "version: 1\ncards:\n- address: " address "\n  devices:" devices
#define MAC "52:54:00:00:00:"

#define NOTHING "version: 1\ncards: []\n"

#define OLD \
	"version: 1\ncards:\n" \
	"- address: " A "\n  devices:\n" \
	"  - {name: web0, mac: " MAC "01, policy: {spoofchk: on, port-vlan: 10, pcp: 3}}\n" \
	"  - {name: web1, mac: " MAC "02, max-vqp: 4}\n" \
	"  - {name: web3, mac: " MAC "03}\n" \
	"  - {name: db0, mac: " MAC "04, policy: {vlans: '5,6'}}\n" \
	"- address: " B "\n  devices:\n" \
	"  - {name: big, mac: " MAC "05, max-vqp: 3}\n" \
	"  - {name: small, mac: " MAC "06}\n"

/* A policy, a replacement, a MAC, a removal, an addition; and two that take each other's room. */
#define NEW \
	"version: 1\ncards:\n" \
	"- address: " A "\n  devices:\n" \
	"  - {name: web0, mac: " MAC "01, policy: {spoofchk: on, vlans: 7, macs: [" MAC "11]}}\n" \
	"  - {name: web1, mac: " MAC "02, max-vqp: 2, mtu: 9000, policy: {trust: on, macs-max: 5}}\n" \
	"  - {name: web3, mac: " MAC "13}\n" \
	"  - {name: web2, mac: " MAC "14, features: basic, policy: {trust: on}}\n" \
	"- address: " B "\n  devices:\n" \
	"  - {name: big, mac: " MAC "05}\n" \
	"  - {name: small, mac: " MAC "06, max-vqp: 3}\n"

/* ---- what plans say ---- */

static void plans(void **state)
{
	struct keeper *k = open_keeper();
	size_t len;

	(void)state;
	assert_null(keeper_text(k, &len));
	expect_diff(k, NULL, "");
	expect_diff(k, OLD, "add web0\nadd web1\nadd web3\nadd db0\nadd big\nadd small\n");
	expect_calls("");
	assert_string_equal(stored("state.yaml"), "(none)");
	expect_apply(k, OLD, "add web0 (done)\nadd web1 (done)\nadd web3 (done)\nadd db0 (done)\nadd big (done)\n"
		     "add small (done)\n");
	expect_calls("add web0 policy web0 add web1 policy web1 add web3 policy web3 add db0 policy db0 "
		     "add big policy big add small policy small ");
	assert_string_equal(keeper_text(k, &len), OLD);
	assert_int_equal(len, strlen(OLD));
	assert_string_equal(stored("state.yaml"), OLD);
	assert_string_equal(stored("own"), "big\ndb0\nsmall\nweb0\nweb1\nweb3\n");
	expect_diff(k, NULL, "");
	expect_apply(k, OLD, "");
	expect_diff(k, NEW,
		    "remove db0\n"
		    "replace web1: mtu 1500 -> 9000, max-vqp 4 -> 2\n"
		    "replace big: max-vqp 3 -> 1, features 0x300430029 -> 0x300030029\n"
		    "replace small: max-vqp 1 -> 3, features 0x300030029 -> 0x300430029\n"
		    "add web2\n"
		    "mac web3\n"
		    "policy web0: port-vlan 10 -> none, pcp 3 -> 0, vlans, macs 0 -> 1\n");
	expect_calls("");
	apply(k, NEW);
	expect_calls("del db0 del web1 del big del small add web1 policy web1 add big policy big "
		     "add small policy small add web2 policy web2 mac web3 policy web0 ");
	assert_string_equal(stored("state.yaml"), NEW);
	assert_string_equal(stored("own"), "big\nsmall\nweb0\nweb1\nweb2\nweb3\n");
	expect_reconcile(k, "");
	expect_calls("");
	apply(k, NOTHING);
	expect_calls("del web0 del web1 del web3 del big del small del web2 ");
	assert_string_equal(stored("own"), "");
	keeper_close(k);
	expect_tidy();
}

/* What differs of a policy is named, and what does not say anything is left. */
static void policies(void **state)
{
	struct keeper *k = open_keeper();

	(void)state;
	apply(k, CARD(A, "\n  - {name: a, mac: " MAC "01, policy: {macs: [" MAC "11, " MAC "12]}}\n"));
	expect_diff(k, CARD(A, "\n  - {name: a, mac: " MAC "01, policy: {macs: [" MAC "12, " MAC "11]}}\n"), "");
	expect_diff(k, CARD(A, "\n  - {name: a, mac: " MAC "01, policy: {macs: [" MAC "12, " MAC "13]}}\n"),
		    "policy a: macs 2 -> 2\n");
	expect_diff(k, CARD(A, "\n  - {name: a, mac: " MAC "02, policy: {trust: on, spoofchk: on, port-vlan: 4094, "
			    "pcp: 7, vlans: none, macs-max: 0}}\n"),
		    "mac a\npolicy a: spoofchk off -> on, trust off -> on, port-vlan none -> 4094, pcp 0 -> 7, vlans, "
		    "macs 2 -> 0, macs-max 96 -> 0\n");
	/* What a file does not say any more is the card's default again. */
	apply(k, CARD(A, "\n  - {name: a, mac: " MAC "01, policy: {macs-max: 7}}\n"));
	expect_apply(k, CARD(A, "\n  - {name: a, mac: " MAC "01}\n"), "policy a: macs-max 7 -> 96 (done)\n");
	assert_int_equal(dev_of("a")->policy.macs_max, 96);
	/* Somebody's hand. */
	dev_of("a")->policy.trust = true;
	dev_of("a")->mac[5] = 9;
	expect_reconcile(k, "mac a (done)\npolicy a: trust on -> off (done)\n");
	*dev_of("a") = (struct played_dev){ 0 };
	expect_reconcile(k, "add a (done)\n");
	keeper_close(k);
}

static void feature_profiles(void **state)
{
	const uint64_t pairs = BIT(VIRTIO_NET_F_MQ), all = d->cards[0].features, usual = d->cards[0].default_features;
	const uint64_t basic = all & ~(BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_CTRL_RX) | BIT(VIRTIO_NET_F_CTRL_VQ) |
				       pairs);
	struct keeper *k = open_keeper();

	(void)state;
	apply(k, CARD(A, "\n  - {name: d1, mac: " MAC "01}\n  - {name: d2, mac: " MAC "02, max-vqp: 2}\n"
		      "  - {name: a1, mac: " MAC "03, features: all}\n  - {name: b1, mac: " MAC "04, features: basic}\n"
		      "  - {name: b2, mac: " MAC "05, features: basic, max-vqp: 2}\n"));
	assert_true(dev_of("d1")->features == (usual & ~pairs));
	assert_true(dev_of("d2")->features == usual);
	assert_true(dev_of("a1")->features == all);
	assert_true(dev_of("b1")->features == basic);
	assert_true(dev_of("b2")->features == (basic | pairs | BIT(VIRTIO_NET_F_CTRL_VQ)));
	expect_reconcile(k, "");
	/* A card's driver that can do more, or chooses other ones, is followed. */
	d->cards[0].features |= BIT(VIRTIO_NET_F_GUEST_CSUM);
	expect_reconcile(k, "replace a1: features 0x300470029 -> 0x30047002b (done)\n");
	keeper_close(k);
}

/* What a card cannot do is refused before anything is changed. */
static void what_cards_cannot(void **state)
{
	struct keeper *k = open_keeper();
	char many[4096];
	size_t len;

	(void)state;
	apply(k, OLD);
	*d->calls = '\0';
	expect_refused(k, CARD(B, "\n  - {name: a, mac: " MAC "01, max-vqp: 4}\n  - {name: b, mac: " MAC "02}\n"),
		       -ENOSPC,
		       "card " B " has 4 queue pairs, and its devices would have 5");
	expect_refused(k, CARD(A, "\n  - {name: a, mac: " MAC "01, mtu: 9217}\n"), -EINVAL,
		       "a: mtu 9217: card " A " has 9216 at most");
	d->cards[0].dev_pairs_max = 8;
	expect_refused(k, CARD(A, "\n  - {name: a, mac: " MAC "01, max-vqp: 9}\n"), -EINVAL,
		       "a: max-vqp 9: a device of card " A " has 8 at most");
	d->cards[0].dev_pairs_max = 16;
	d->cards[0].default_features &= ~BIT(VIRTIO_NET_F_CTRL_VQ);
	expect_refused(k, CARD(A, "\n  - {name: a, mac: " MAC "01, max-vqp: 2}\n"), -EINVAL,
		       "a: max-vqp 2: card " A " has no control queue");
	d->cards[0].default_features |= BIT(VIRTIO_NET_F_CTRL_VQ);
	/* Fifteen and the one that vqnicd has not made are sixteen. */
	for (int count = 16; count >= 15; count--) {
		len = (size_t)sprintf(many, CARD(A, "\n"));
		for (int i = 0; i < count; i++)
			len += (size_t)sprintf(many + len, "  - {name: many%d, mac: " MAC "%02x}\n", i, 0x20 + i);
		if (count == 15)
			apply(k, many);
		else
			expect_refused(k, many, -ENOSPC, "card " A " can have 16 devices, and would have 17");
		if (count == 16)
			expect_calls("");
	}
	expect_refused(k, "version: 2\ncards: []\n", -EINVAL, "1:10: version \"2\" is not understood: this is 1");
	assert_string_equal(stored("state.yaml"), many);
	keeper_close(k);
}

/* ---- others' devices ---- */

static void foreign_devices(void **state)
{
	struct keeper *k = open_keeper();
	struct played_dev before = *dev_of("foreign0"), *is;

	(void)state;
	apply(k, OLD);
	apply(k, NEW);
	apply(k, NOTHING);
	assert_memory_equal(dev_of("foreign0"), &before, sizeof(before));
	*d->calls = '\0';
	expect_refused(k, CARD(B, "\n  - {name: foreign0, mac: " MAC "01, mtu: 1600, max-vqp: 2, policy: "
			       "{spoofchk: on, port-vlan: 5, pcp: 1, vlans: 5, macs: [" MAC "02], macs-max: 3}}\n"),
		       -EEXIST,
		       "foreign0 is there, vqnicd has not made it, and it differs: card " A " -> " B ", "
		       "mtu 1500 -> 1600, max-vqp 1 -> 2, features 0x300030029 -> 0x300430029, mac, "
		       "spoofchk off -> on, trust on -> off, port-vlan none -> 5, pcp 0 -> 1, vlans, "
		       "macs 0 -> 1, macs-max 96 -> 3");
	/* Also of a card that is not there. */
	d->cards[1].there = false;
	expect_refused(k, CARD(B, "\n  - {name: foreign0, mac: fe:00:00:00:00:09, policy: {trust: on}}\n"), -EEXIST,
		       "foreign0 is there, vqnicd has not made it, and it differs: card " A " -> " B);
	expect_calls("");
	assert_string_equal(stored("own"), "");
	/* One that is as it is wanted is taken over as it is. */
	expect_apply(k, CARD(A, "\n  - {name: foreign0, mac: fe:00:00:00:00:09, policy: {trust: on}}\n"), "");
	expect_calls("");
	assert_memory_equal(dev_of("foreign0"), &before, sizeof(before));
	assert_string_equal(stored("own"), "foreign0\n");
	expect_apply(k, CARD(A, "\n  - {name: foreign0, mac: fe:00:00:00:00:09}\n"),
		     "policy foreign0: trust on -> off (done)\n");
	is = dev_of("foreign0");
	is->policy.trust = true;
	expect_reconcile(k, "policy foreign0: trust on -> off (done)\n");
	expect_apply(k, NOTHING, "remove foreign0 (done)\n");
	keeper_close(k);
}

/* Somebody makes a device just when vqnicd would: it stays, and is as they made it. */
static void taken_meanwhile(void **state)
{
	struct keeper *k = open_keeper();
	struct played_dev theirs = fresh_dev("new0", A);
	struct driver before;

	(void)state;
	apply(k, OLD);
	before = *d;
	d->intruder = theirs;
	expect_refused(k, CARD(A, "\n  - {name: new0, mac: " MAC "21}\n  - {name: new1, mac: " MAC "22}\n"), -EEXIST,
		       "add new0: there is a device of that name already");
	assert_memory_equal(dev_of("new0"), &theirs, sizeof(theirs));
	assert_null(strstr(stored("own"), "new"));
	keeper_close(k);
	k = open_keeper();
	expect_reconcile(k, "");
	assert_memory_equal(dev_of("new0"), &theirs, sizeof(theirs));
	*dev_of("new0") = (struct played_dev){ 0 };
	assert_true(same_devs(d, &before));
	keeper_close(k);
}

/* ---- cards and driver that are not there ---- */

static void cards_that_are_away(void **state)
{
	struct keeper *k = open_keeper();

	(void)state;
	d->loaded = false;
	expect_apply(k, OLD, "wait " A " (pending: the vqnic driver is not loaded)\n"
		     "wait " B " (pending: the vqnic driver is not loaded)\n");
	assert_string_equal(stored("state.yaml"), OLD);
	d->loaded = true;
	d->cards[1].there = false;
	expect_reconcile(k, "wait " B " (pending: there is no such card)\nadd web0 (done)\nadd web1 (done)\n"
			 "add web3 (done)\nadd db0 (done)\n");
	d->cards[1].there = true;
	expect_reconcile(k, "add big (done)\nadd small (done)\n");
	d->cards[1].dead = true;
	dev_of("big")->policy.trust = true;
	expect_reconcile(k, "wait " B " (pending: the card does not answer)\n");
	d->cards[1].dead = false;
	expect_reconcile(k, "policy big: trust on -> off (done)\n");
	/* What is not wanted any more of what cannot be seen now is removed when it can. */
	d->loaded = false;
	expect_apply(k, CARD(A, " []\n"), "wait " A " (pending: the vqnic driver is not loaded)\n");
	assert_string_equal(stored("own"), "big\ndb0\nsmall\nweb0\nweb1\nweb3\n");
	keeper_close(k);
	k = open_keeper();
	d->loaded = true;
	expect_reconcile(k, "remove web0 (done)\nremove web1 (done)\nremove web3 (done)\nremove db0 (done)\n"
			 "remove big (done)\nremove small (done)\n");
	assert_string_equal(stored("own"), "");
	keeper_close(k);
}

/* ---- devices in use ---- */

static void in_use(void **state)
{
	struct keeper *k = open_keeper();

	(void)state;
	apply(k, OLD);
	dev_of("db0")->in_use = true;
	dev_of("web1")->in_use = true;
	expect_apply(k, CARD(A, "\n  - {name: web1, mac: " MAC "02, max-vqp: 5}\n  - {name: web5, mac: " MAC "15}\n"),
		     "remove web0 (done)\n"
		     "remove web3 (done)\n"
		     "remove db0 (pending: somebody has its vhost-vdpa device open)\n"
		     "remove big (done)\n"
		     "remove small (done)\n"
		     "replace web1: max-vqp 4 -> 5 (pending: somebody has its vhost-vdpa device open)\n"
		     "add web5 (done)\n");
	assert_string_equal(stored("own"), "db0\nweb1\nweb5\n");
	/* Also vqnicd that runs anew knows that it is to be removed. */
	keeper_close(k);
	k = open_keeper();
	expect_reconcile(k, "remove db0 (pending: somebody has its vhost-vdpa device open)\n"
			 "replace web1: max-vqp 4 -> 5 (pending: somebody has its vhost-vdpa device open)\n");
	dev_of("db0")->in_use = false;
	dev_of("web1")->in_use = false;
	expect_reconcile(k, "remove db0 (done)\nreplace web1: max-vqp 4 -> 5 (done)\n");
	assert_string_equal(stored("own"), "web1\nweb5\n");
	expect_reconcile(k, "");
	keeper_close(k);
}

/* ---- the store ---- */

static void broken_stores(void **state)
{
	struct keeper *k = open_keeper(), *other;
	char expected[256], path[128];

	(void)state;
	apply(k, OLD);
	assert_int_equal(keeper_open(&other, store, (struct vqnic *)d, why), -EAGAIN);
	assert_null(other);
	snprintf(expected, sizeof(expected), "another vqnicd runs with %s", store);
	assert_string_equal(why, expected);
	keeper_close(k);
	write_stored("state.yaml", "version: 1\ncards: none\n");
	assert_int_equal(keeper_open(&other, store, (struct vqnic *)d, why), -EINVAL);
	assert_null(other);
	snprintf(expected, sizeof(expected), "the state in the store %s is wrong: 2:8: \"cards\" is to be a list, "
		 "with \"- \" before each entry, or []", store);
	assert_string_equal(why, expected);
	write_stored("state.yaml", "");
	assert_int_equal(keeper_open(&other, store, (struct vqnic *)d, why), -EINVAL);
	snprintf(path, sizeof(path), "%s/state.yaml", store);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(keeper_open(&other, store, (struct vqnic *)d, why), -EISDIR);
	snprintf(expected, sizeof(expected), "cannot read %s: Is a directory", path);
	assert_string_equal(why, expected);
	assert_int_equal(rmdir(path), 0);
	/* What a process left that was killed goes; what else somebody has put there stays. */
	write_stored("state.yaml.part.abcDEF", "");
	write_stored("own.part.000000", "");
	write_stored("state.yaml.backup", "mine");
	k = open_keeper();
	assert_string_equal(stored("state.yaml.part.abcDEF"), "(none)");
	assert_string_equal(stored("own.part.000000"), "(none)");
	assert_string_equal(stored("state.yaml.backup"), "mine");
	keeper_close(k);
	assert_int_equal(keeper_open(&other, "/nowhere/at/all", (struct vqnic *)d, why), -ENOENT);
	assert_string_equal(why, "cannot make /nowhere/at/all: No such file or directory");
}

/* ---- killed and refused at every step ---- */

/* What is applied to what, and what there is with each. */
static struct change_of_state {
	const char *before, *after;	/* `before` NULL: nobody has said anything */
	struct driver old, new;
} c;

/* Makes `before` be so, on a store of its own. */
static void begin(void)
{
	struct keeper *k;

	setup(NULL);
	k = open_keeper();
	if (c.before)
		apply(k, c.before);
	keeper_close(k);
	d->steps = 0;
	*d->calls = '\0';
}

static void learn(const char *before, const char *after)
{
	struct keeper *k;

	c.before = before;
	c.after = after;
	begin();
	c.old = *d;
	k = open_keeper();
	apply(k, after);
	keeper_close(k);
	c.new = *d;
	assert_false(same_devs(&c.old, &c.new));
}

/* Runs it in a process of its own; returns whether that was killed. */
static bool killed(void (*run)(struct keeper *k))
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		struct keeper *k;

		if (keeper_open(&k, store, (struct vqnic *)d, why))
			_exit(1);
		run(k);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && (!WEXITSTATUS(status) || WEXITSTATUS(status) == KILLED));
	d->kill_at = 0;
	return WEXITSTATUS(status) == KILLED;
}

static void apply_after(struct keeper *k)
{
	struct plan *plan;

	if (keeper_apply(k, &plan, c.after, strlen(c.after), why))
		_exit(1);
}

/* A disk that was full when it was tried before, and is not any more. */
static void apply_after_full_disk(struct keeper *k)
{
	struct plan *plan;

	d->kill_at = 0;
	d->disk_full = true;
	for (int i = 0; i < 2; i++)
		if (!keeper_apply(k, &plan, c.after, strlen(c.after), why))
			_exit(1);
	d->disk_full = false;
	d->kill_at = d->steps + d->refuse_at;
	d->refuse_at = 0;
	apply_after(k);
}

/* What was vqnicd's own was forgotten by the store, which could not say so, and is to be it again. */
static void apply_after_lost_answer(struct keeper *k)
{
	unsigned int n = d->refuse_at;

	d->kill_at = 0;
	d->refuse_at = 0;
	apply_after(k);
	/* A device is removed, and state and own are written in three steps each. */
	d->refuse_at = d->steps + 7;
	apply(k, c.before);
	if (d->steps != d->refuse_at)
		_exit(1);
	d->refuse_at = 0;
	d->kill_at = d->steps + n;
	apply_after(k);
}

static void reconcile(struct keeper *k)
{
	struct plan *plan;

	if (keeper_reconcile(k, &plan, why) || plan_pending(plan))
		_exit(1);
}

/* That all is as the store's text says, which is the old one or the new one; returns whether the new one. */
static bool is_old_or_new(void)
{
	bool after = !strcmp(stored("state.yaml"), c.after);

	if (!after)
		assert_string_equal(stored("state.yaml"), c.before ? c.before : "(none)");
	if (!same_devs(d, after ? &c.new : &c.old))
		fail_msg("the devices are not those of the %s state", after ? "new" : "old");
	expect_tidy();
	return after;
}

/* After vqnicd was killed: what it makes of it when it runs again. */
static bool recover(void)
{
	struct keeper *k = open_keeper();
	const char *text;
	struct plan *plan;
	bool after;
	size_t len;

	if (keeper_reconcile(k, &plan, why))
		fail_msg("%s", why);
	assert_int_equal(plan_pending(plan), 0);
	plan_free(plan);
	after = is_old_or_new();
	text = keeper_text(k, &len);
	assert_true(text ? !strcmp(text, stored("state.yaml")) : !after && !c.before);
	expect_reconcile(k, "");
	/* Nothing is forgotten: all of it goes when it is not wanted. */
	apply(k, NOTHING);
	for (size_t i = 0; i < DEVS; i++)
		assert_true(!*d->devs[i].name || !strcmp(d->devs[i].name, "foreign0"));
	assert_true(*stored("own") == '\0' || !strcmp(stored("own"), "(none)"));
	keeper_close(k);
	return after;
}

static void kill_everywhere(const char *before, const char *after, void (*run)(struct keeper *k))
{
	unsigned int n, old = 0, new = 0;
	bool was_killed;

	learn(before, after);
	for (n = 1;; n++) {
		begin();
		if (run != apply_after)
			d->refuse_at = n;
		d->kill_at = n;
		was_killed = killed(run);
		*(recover() ? &new : &old) += 1;
		if (!was_killed)
			break;
	}
	assert_true(old > 5);
	assert_true(new > 1);
}

static void killed_at_every_step(void **state)
{
	(void)state;
	kill_everywhere(OLD, NEW, apply_after);
	kill_everywhere(NEW, OLD, apply_after);
	kill_everywhere(NULL, OLD, apply_after);
	kill_everywhere(OLD, NOTHING, apply_after);
}

static void killed_after_a_full_disk(void **state)
{
	(void)state;
	kill_everywhere(OLD, NEW, apply_after_full_disk);
	kill_everywhere(NULL, OLD, apply_after_full_disk);
}

#define ONE CARD(A, "\n  - {name: a, mac: " MAC "01}\n")
#define TWO CARD(A, "\n  - {name: a, mac: " MAC "01}\n  - {name: b, mac: " MAC "02}\n")

static void killed_after_a_lost_answer(void **state)
{
	struct plan *plan;
	struct keeper *k;

	(void)state;
	kill_everywhere(ONE, TWO, apply_after_lost_answer);
	/* And what the store has too much is corrected at once. */
	learn(ONE, TWO);
	begin();
	k = open_keeper();
	d->refuse_at = 3;
	assert_int_equal(keeper_apply(k, &plan, TWO, strlen(TWO), why), -ENOSPC);
	assert_string_equal(stored("own"), "a\n");
	keeper_close(k);
}

/* And killed again when it makes that good. */
static void killed_twice(void **state)
{
	bool was_killed = true;

	(void)state;
	learn(OLD, NEW);
	for (unsigned int n = 1; was_killed; n++)
		for (unsigned int m = 1;; m++) {
			begin();
			d->kill_at = n;
			was_killed = killed(apply_after);
			d->steps = 0;
			d->kill_at = m;
			if (!killed(reconcile))
				break;
			recover();
		}
}

/* Each step in turn is refused for good. */
static void refused_at_every_step(void **state)
{
	static const int errs[] = { -EINVAL, -ENOMEM };
	struct plan *plan;
	struct keeper *k;
	int ret;

	(void)state;
	learn(OLD, NEW);
	for (size_t i = 0; i < 2; i++)
		for (unsigned int n = 1;; n++) {
			begin();
			d->refuse_at = n;
			d->refuse_err = errs[i];
			k = open_keeper();
			ret = keeper_apply(k, &plan, NEW, strlen(NEW), why);
			assert_int_equal(is_old_or_new(), !ret);
			if (d->refused) {
				assert_int_equal(ret, errs[i]);
				assert_non_null(strstr(why, ": as was to be played"));
			}
			plan_free(plan);
			expect_reconcile(k, "");
			keeper_close(k);
			k = open_keeper();
			expect_reconcile(k, "");
			apply(k, NEW);
			assert_true(is_old_or_new());
			keeper_close(k);
			if (d->steps < n)
				break;
		}
}

/* Each call of the driver in turn cannot be done now, and can a moment later. */
static void pending_at_every_step(void **state)
{
	static const int errs[] = { -EIO, -EBUSY, -ENODEV, -ENOENT };
	unsigned int pending = 0;
	struct plan *plan;
	struct keeper *k;

	(void)state;
	learn(OLD, NEW);
	for (size_t i = 0; i < 4; i++)
		for (unsigned int n = 1;; n++) {
			begin();
			d->refuse_at = n;
			d->refuse_err = errs[i];
			k = open_keeper();
			if (keeper_apply(k, &plan, NEW, strlen(NEW), why)) {
				/* A disk has no such moments; and what waits makes no room for another device. */
				assert_true(!d->refused || strstr(why, "replace small: the card has no room"));
				assert_false(is_old_or_new());
				keeper_close(k);
				continue;
			}
			assert_string_equal(stored("state.yaml"), NEW);
			if (d->refused)
				assert_non_null(strstr(text_of(plan), "(pending: as was to be played)"));
			pending += d->refused;
			plan_free(plan);
			keeper_close(k);
			if (!d->refused && d->steps < n)
				break;
			k = open_keeper();
			if (keeper_reconcile(k, &plan, why))
				fail_msg("%s", why);
			assert_int_equal(plan_pending(plan), 0);
			plan_free(plan);
			assert_true(is_old_or_new());
			keeper_close(k);
		}
	assert_true(pending > 40);
}

/* What there was before cannot be restored at once: that is said, and it comes back. */
static void rolled_back_later(void **state)
{
	static const char more[] = CARD(A, "\n  - {name: a, mac: " MAC "01}\n  - {name: b, mac: " MAC "02}\n"
					"  - {name: c, mac: " MAC "03}\n");
	struct keeper *k = open_keeper();
	struct driver before;

	(void)state;
	apply(k, ONE);
	before = *d;
	/* The store has three steps, b two. */
	d->in_use = true;
	d->refuse_at = d->steps + 6;
	d->refuse_err = -EINVAL;
	expect_refused(k, more, -EINVAL, "add c: as was to be played; what was there before comes back when it can");
	assert_string_equal(stored("own"), "a\nb\n");
	expect_reconcile(k, "remove b (pending: somebody has its vhost-vdpa device open)\n");
	dev_of("b")->in_use = false;
	expect_reconcile(k, "remove b (done)\n");
	assert_true(same_devs(d, &before));
	assert_string_equal(stored("own"), "a\n");
	d->in_use = false;
	d->refuse_at = d->steps + 6;
	d->refuse_rest = true;
	expect_refused(k, more, -EINVAL, "add c: as was to be played; what was there before comes back when it can");
	assert_string_equal(stored("state.yaml"), ONE);
	d->refuse_at = 0;
	d->refuse_rest = false;
	keeper_close(k);
	k = open_keeper();
	expect_reconcile(k, "remove b (done)\n");
	assert_true(same_devs(d, &before));
	keeper_close(k);
}

/* What is refused when something has to come back keeps nothing else from it. */
static void as_far_as_it_can_be(void **state)
{
	static const char three[] = CARD(A, "\n  - {name: a, mac: " MAC "01}\n  - {name: b, mac: " MAC "02}\n"
					 "  - {name: c, mac: " MAC "03}\n");
	static const char two[] = CARD(B, "\n  - {name: x, mac: " MAC "01}\n  - {name: y, mac: " MAC "02}\n");
	struct keeper *k = open_keeper();
	struct played_dev other;

	(void)state;
	apply(k, three);
	for (size_t i = 0; i < DEVS; i++)
		if (strcmp(d->devs[i].name, "foreign0"))
			d->devs[i] = (struct played_dev){ 0 };
	d->refuse_at = d->steps + 1;
	d->refuse_err = -EINVAL;
	expect_reconcile(k, "add a (pending: as was to be played)\nadd b (done)\nadd c (done)\n");
	d->refuse_at = 0;
	expect_reconcile(k, "add a (done)\n");
	apply(k, NOTHING);

	/* Its card was away, and comes back with somebody else's device of that name. */
	d->cards[1].there = false;
	expect_apply(k, two, "wait " B " (pending: there is no such card)\n");
	d->cards[1].there = true;
	other = fresh_dev("x", B);
	put_dev(&other);
	expect_reconcile(k, "wait x (pending: x is there, vqnicd has not made it, and it differs: mac)\nadd y (done)\n");
	assert_string_equal(stored("own"), "y\n");
	expect_diff(k, NULL, "wait x (pending: x is there, vqnicd has not made it, and it differs: mac)\n");
	*dev_of("x") = (struct played_dev){ 0 };
	/* And once more while it is made. */
	d->intruder = other;
	expect_reconcile(k, "add x (pending: there is a device of that name already)\n");
	expect_apply(k, NOTHING, "remove y (done)\n");
	assert_non_null(dev_of("x"));
	keeper_close(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(plans, setup, teardown),
		cmocka_unit_test_setup_teardown(policies, setup, teardown),
		cmocka_unit_test_setup_teardown(feature_profiles, setup, teardown),
		cmocka_unit_test_setup_teardown(what_cards_cannot, setup, teardown),
		cmocka_unit_test_setup_teardown(foreign_devices, setup, teardown),
		cmocka_unit_test_setup_teardown(taken_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(cards_that_are_away, setup, teardown),
		cmocka_unit_test_setup_teardown(in_use, setup, teardown),
		cmocka_unit_test_setup_teardown(broken_stores, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_at_every_step, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_after_a_full_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_after_a_lost_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(refused_at_every_step, setup, teardown),
		cmocka_unit_test_setup_teardown(pending_at_every_step, setup, teardown),
		cmocka_unit_test_setup_teardown(rolled_back_later, setup, teardown),
		cmocka_unit_test_setup_teardown(as_far_as_it_can_be, setup, teardown),
	};

	return cmocka_run_group_tests_name("ctl_keeper", tests, NULL, NULL);
}
