// SPDX-License-Identifier: Apache-2.0
/*
 * Fuzz target: a file with the wanted state of vqnicd. Besides crashes and leaks, it finds files that are refused
 * without a place, or in more than one line; and files that are taken, and come back as others if written anew.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "fuzz_config: %s\n", what);
	abort();
}

/* One line of plain characters, with a place before. */
static void check_why(const char *why)
{
	unsigned int line, column;

	if (sscanf(why, "%u:%u: ", &line, &column) != 2 || !line || !column)
		fail("it is not said where");
	for (; *why; why++)
		if (*why < ' ' || *why > '~')
			fail("more than a line of characters is said");
}

static void write_mac(FILE *out, const uint8_t *mac)
{
	fprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void write_policy(FILE *out, const struct vqnic_policy *p)
{
	const char *between = "";

	fprintf(out, "policy: {spoofchk: %s, trust: %s", p->spoof_check ? "on" : "off", p->trust ? "on" : "off");
	if (p->port_vlan)
		fprintf(out, ", port-vlan: %u, pcp: %u", p->port_vlan, p->pcp);
	if (VQNIC_HAS(p, VQNIC_FILTER_A_MACS_MAX))
		fprintf(out, ", macs-max: %u", p->macs_max);
	fprintf(out, ", macs: [");
	for (uint32_t i = 0; i < p->mac_count; i++) {
		fprintf(out, "%s\"", i ? ", " : "");
		write_mac(out, p->macs[i]);
		fputc('"', out);
	}
	fprintf(out, "], vlans: '");
	for (unsigned int vid = 0, last; vid < 4096; vid = last + 1) {
		last = vid;
		if (!VQNIC_VLANS_HAS(p->vlans, vid))
			continue;
		while (last < 4095 && VQNIC_VLANS_HAS(p->vlans, last + 1))
			last++;
		fprintf(out, last == vid ? "%s%u" : "%s%u-%u", between, vid, last);
		between = ",";
	}
	fprintf(out, "%s'}", *between ? "" : VQNIC_HAS(p, VQNIC_FILTER_A_ALL_VLANS) ? "all" : "none");
}

static void write_config(FILE *out, const struct config *c)
{
	fprintf(out, "version: 1\ncards:%s\n", c->card_count ? "" : " []");
	for (size_t i = 0; i < c->card_count; i++) {
		fprintf(out, "- address: '%s'\n  devices: [\n", c->cards[i]);
		for (size_t k = 0; k < c->dev_count; k++) {
			const struct config_dev *dev = &c->devs[k];

			if (strcmp(dev->card, c->cards[i]))
				continue;
			fprintf(out, "  {name: '%s', mtu: %u, max-vqp: %u, features: %s, mac: '", dev->name, dev->mtu,
				dev->pairs, config_features_name(dev->features));
			write_mac(out, dev->mac);
			fprintf(out, "', ");
			write_policy(out, &dev->policy);
			fprintf(out, "},\n");
		}
		fprintf(out, "  ]\n");
	}
}

/* The devices are in the order of their cards in both. */
static void compare(const struct config *a, const struct config *b)
{
	if (a->card_count != b->card_count || a->dev_count != b->dev_count)
		fail("another number of cards or devices came back");
	for (size_t i = 0; i < a->card_count; i++)
		if (strcmp(a->cards[i], b->cards[i]))
			fail("another card came back");
	for (size_t i = 0; i < a->dev_count; i++) {
		struct config_dev one = a->devs[i], other = b->devs[i];

		if (strcmp(one.name, other.name) || strcmp(one.card, other.card))
			fail("another device came back");
		if (config_find(a, one.name) != &a->devs[i])
			fail("a device is not found");
		if (memcmp(one.mac, other.mac, sizeof(one.mac)) || one.mtu != other.mtu || one.pairs != other.pairs ||
		    one.features != other.features || memcmp(&one.policy, &other.policy, sizeof(one.policy)))
			fail("a device came back otherwise");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[CONFIG_WHY_BYTES] = "", *text;
	struct config *config, *again;
	size_t len;
	FILE *out;

	if (config_read(&config, (const char *)data, size, why)) {
		check_why(why);
		return 0;
	}
	out = open_memstream(&text, &len);
	if (!out)
		fail("no memory");
	write_config(out, config);
	fclose(out);
	if (config_read(&again, text, len, why))
		fail(why);
	compare(config, again);
	config_free(again);
	config_free(config);
	free(text);
	return 0;
}
