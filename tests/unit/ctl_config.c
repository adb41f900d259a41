// SPDX-License-Identifier: Apache-2.0
/* The wanted state of vqnicd as a file: what a good one says, and what is wrong with a bad one, and where. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config.h"

/* From a copy, so that a byte read behind it is seen. */
static int read_bytes(struct config **config, const void *bytes, size_t len, char why[static CONFIG_WHY_BYTES])
{
	char *copy = malloc(len + !len);
	int ret;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	*why = '\0';
	ret = config_read(config, copy, len, why);
	free(copy);
	return ret;
}

static struct config *good(const char *text)
{
	char why[CONFIG_WHY_BYTES];
	struct config *config;

	if (read_bytes(&config, text, strlen(text), why))
		fail_msg("%s: is refused: %s", text, why);
	return config;
}

static void bad_bytes(const void *bytes, size_t len, const char *expected)
{
	char why[CONFIG_WHY_BYTES];
	struct config *config;

	assert_int_equal(read_bytes(&config, bytes, len, why), -EINVAL);
	assert_null(config);
	assert_string_equal(why, expected);
}

static void bad(const char *text, const char *expected)
{
	bad_bytes(text, strlen(text), expected);
}

/* What many files begin with. */
#define HEAD "version: 1\ncards:\n- address: 0000:00:05.0\n  devices:\n"

/* ---- good files ---- */

static const char full[] =
	"# What is wanted.\n"
	"version: 1\n"
	"cards:\n"
	"  - address: 0000:00:05.0\n"
	"    devices:\n"
	"      - name: web0\n"
	"        mac: 52:54:00:00:00:01\n"
	"        mtu: 9000\n"
	"        max-vqp: 4\n"
	"        features: all\n"
	"        policy:\n"
	"          spoofchk: on\n"
	"          trust: on\n"
	"          port-vlan: 100\n"
	"          pcp: 3\n"
	"          vlans: 5,10-12\n"
	"          macs:\n"
	"            - 52:54:00:00:01:01\n"
	"            - 52:54:00:00:01:FE\n"
	"          macs-max: 32\n"
	"      - {name: \"Web-1_b.c\", mac: '52:54:00:00:00:02', features: basic, policy: {vlans: none}}\n"
	"  - address: pci/6:0.1\n"
	"    devices: []\n"
	"  - address: \"07:1F.7\"\n"
	"    devices:\n"
	"    - mac: 52:54:00:00:00:03\n"
	"      name: 0db\n";

#define BIT(attribute) (UINT64_C(1) << (attribute))

static bool has_vlan(const struct vqnic_policy *policy, unsigned int vid)
{
	return VQNIC_VLANS_HAS(policy->vlans, vid);
}

static void check_full(const struct config *c)
{
	static const uint8_t mac[] = { 0x52, 0x54, 0, 0, 0, 1 };
	static const uint8_t more[] = { 0x52, 0x54, 0, 0, 1, 1, 0x52, 0x54, 0, 0, 1, 0xfe };
	const struct config_dev *d = c->devs;

	assert_int_equal(c->card_count, 3);
	assert_string_equal(c->cards[0], "0000:00:05.0");
	assert_string_equal(c->cards[1], "0000:06:00.1");
	assert_string_equal(c->cards[2], "0000:07:1f.7");
	assert_int_equal(c->dev_count, 3);
	assert_string_equal(d->name, "web0");
	assert_string_equal(d->card, "0000:00:05.0");
	assert_memory_equal(d->mac, mac, sizeof(mac));
	assert_int_equal(d->mtu, 9000);
	assert_int_equal(d->pairs, 4);
	assert_int_equal(d->features, CONFIG_FEATURES_ALL);
	assert_true(d->policy.present[0] ==
		    (BIT(VQNIC_FILTER_A_SPOOF_CHECK) | BIT(VQNIC_FILTER_A_TRUST) | BIT(VQNIC_FILTER_A_PORT_VLAN) |
		     BIT(VQNIC_FILTER_A_PCP) | BIT(VQNIC_FILTER_A_VLANS) | BIT(VQNIC_FILTER_A_UNICAST) |
		     BIT(VQNIC_FILTER_A_MACS_MAX)));
	assert_true(d->policy.spoof_check && d->policy.trust);
	assert_int_equal(d->policy.port_vlan, 100);
	assert_int_equal(d->policy.pcp, 3);
	for (unsigned int vid = 0; vid < 4096; vid++)
		assert_int_equal(has_vlan(&d->policy, vid), vid == 5 || (vid >= 10 && vid <= 12));
	assert_int_equal(d->policy.mac_count, 2);
	assert_memory_equal(d->policy.macs, more, sizeof(more));
	assert_int_equal(d->policy.macs_max, 32);
	assert_string_equal(d[1].name, "Web-1_b.c");
	assert_string_equal(d[1].card, "0000:00:05.0");
	assert_int_equal(d[1].mac[5], 2);
	assert_int_equal(d[1].features, CONFIG_FEATURES_BASIC);
	assert_true(d[1].policy.present[0] & BIT(VQNIC_FILTER_A_VLANS));
	for (unsigned int vid = 0; vid < 4096; vid++)
		assert_false(has_vlan(&d[1].policy, vid));
	assert_string_equal(d[2].name, "0db");
	assert_string_equal(d[2].card, "0000:07:1f.7");
	assert_int_equal(d[2].mac[5], 3);
	assert_ptr_equal(config_find(c, "0db"), &d[2]);
	assert_null(config_find(c, "web"));
}

static void every_key(void **state)
{
	struct config *c = good(full);

	(void)state;
	check_full(c);
	config_free(c);
}

/* But for which members count. */
static void allows_nothing(const struct vqnic_policy *policy)
{
	struct vqnic_policy none = { 0 };

	memcpy(none.present, policy->present, sizeof(none.present));
	assert_memory_equal(policy, &none, sizeof(none));
}

/* What is not said is as the driver has it; all of a policy counts but for macs-max. */
static void defaults(void **state)
{
	struct config *c = good(HEAD "  - {name: a, mac: 52:54:00:00:00:01}\n");
	const struct config_dev *d = c->devs;

	(void)state;
	assert_int_equal(d->mtu, 1500);
	assert_int_equal(d->pairs, 1);
	assert_int_equal(d->features, CONFIG_FEATURES_DEFAULT);
	assert_true(d->policy.present[0] ==
		    (BIT(VQNIC_FILTER_A_SPOOF_CHECK) | BIT(VQNIC_FILTER_A_TRUST) | BIT(VQNIC_FILTER_A_PORT_VLAN) |
		     BIT(VQNIC_FILTER_A_ALL_VLANS) | BIT(VQNIC_FILTER_A_UNICAST)));
	allows_nothing(&d->policy);
	config_free(c);
	c = good(HEAD "  - {name: a, mac: 52:54:00:00:00:01, policy: {}}\n");
	allows_nothing(&c->devs[0].policy);
	config_free(c);
	c = good("version: 1\ncards: []\n");
	assert_int_equal(c->card_count + c->dev_count, 0);
	config_free(c);
	c = config_none();
	assert_int_equal(c->card_count + c->dev_count, 0);
	config_free(c);
	config_free(NULL);
	assert_string_equal(config_features_name(CONFIG_FEATURES_DEFAULT), "default");
	assert_string_equal(config_features_name(CONFIG_FEATURES_ALL), "all");
	assert_string_equal(config_features_name(CONFIG_FEATURES_BASIC), "basic");
}

/* The same file, as YAML allows it to be written. */
static void other_spellings(void **state)
{
	static const char *const texts[] = {
		"\xef\xbb\xbf" "version: 1\ncards: []\n",
		"version: 1\r\ncards: []\r\n",
		"version: 1\ncards: []",
		"%YAML 1.1\n--- # from here\nversion: '1'\ncards:\n  []\n...\n",
		"{\"version\": 1, \"cards\": []}",
		"? version\n: 1\n? cards\n: []\n",
		"\n\ncards: []\nversion: \"1\"\n# \xc3\xa9\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct config *c = good(texts[i]);

		assert_int_equal(c->card_count, 0);
		config_free(c);
	}
}

/* As large as is allowed. */
static void limits(void **state)
{
	char *text = malloc(CONFIG_BYTES_MAX + 1);
	struct config *c;
	size_t len;

	(void)state;
	assert_non_null(text);
	len = (size_t)sprintf(text, "version: 1\ncards:\n- address: '0:5.0'\n  devices:\n");
	for (unsigned int i = 0; i < CONFIG_DEVS_MAX; i++)
		len += (size_t)sprintf(text + len, "  - {name: dev%u, mac: 52:54:00:00:%02x:%02x}\n", i, i >> 8,
				       i & 255);
	assert_true(len < CONFIG_BYTES_MAX);
	memset(text + len, '\n', CONFIG_BYTES_MAX - len);
	text[CONFIG_BYTES_MAX] = '\0';
	c = good(text);
	assert_int_equal(c->dev_count, CONFIG_DEVS_MAX);
	assert_string_equal(c->devs[CONFIG_DEVS_MAX - 1].name, "dev4095");
	config_free(c);
	free(text);
	c = good("version: 1\ncards: [{address: '0:5.0', devices: [{mac: fe:ff:ff:ff:ff:ff, mtu: 65535, max-vqp: 16, "
		 "name: a123456789012345678901234567890123456789012345678901234567890123, policy: {port-vlan: 4094, "
		 "pcp: 7, vlans: 1-4094, macs-max: 4294967295}}, {name: b, mac: 00:00:00:00:00:01, mtu: 68, "
		 "max-vqp: 1, policy: {port-vlan: 1, pcp: 0, vlans: all, macs: [], macs-max: 0}}]}]\n");
	assert_int_equal(c->devs[0].mtu, 65535);
	assert_int_equal(c->devs[0].pairs, 16);
	assert_true(c->devs[0].policy.macs_max == UINT32_MAX);
	assert_true(has_vlan(&c->devs[0].policy, 1) && has_vlan(&c->devs[0].policy, 4094));
	assert_false(has_vlan(&c->devs[0].policy, 4095));
	assert_int_equal(c->devs[1].mtu, 68);
	assert_true(VQNIC_HAS(&c->devs[1].policy, VQNIC_FILTER_A_ALL_VLANS));
	assert_true(VQNIC_HAS(&c->devs[1].policy, VQNIC_FILTER_A_MACS_MAX));
	config_free(c);
}

/* ---- bad files ---- */

#define WEB HEAD "  - name: web0\n    mac: 52:54:00:00:00:01\n"
#define POLICY WEB "    policy:\n      "

struct bad {
	const char *text, *why;
};

#define BAD(name, ...) \
	static void name(void **state) \
	{ \
		static const struct bad files[] = { __VA_ARGS__ }; \
 \
		(void)state; \
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) \
			bad(files[i].text, files[i].why); \
	}

BAD(unknown_keys,
	{ "version: 1\ncards: []\ncard: 5\n", "3:1: unknown key \"card\"" },
	{ "version: 1\ncards:\n- address: 0000:00:05.0\n  device: []\n", "4:3: unknown key \"device\"" },
	{ WEB "    mtuu: 9000\n", "7:5: unknown key \"mtuu\"" },
	{ WEB "    policy: {spoof: on}\n", "7:14: unknown key \"spoof\"" },
	/* The second one, not the one that may stand where it does. */
	{ HEAD "  - {name: a, mac: 52:54:00:00:00:01, policy: {port-vlan: 5, pcp: 3}, pcp: 4}\n",
	  "5:71: unknown key \"pcp\"" },
	{ HEAD "  - <<: {name: a}\n", "5:5: unknown key \"<<\"" },
	{ WEB "    \"(line: 99, column: 3)\": 3\n", "7:5: unknown key \"(line: 99, column: 3)\"" },
	{ "? [version]\n: 1\n", "1:3: a key is to be one word" },
	{ "? {version: 1}\n: 1\n", "1:3: a key is to be one word" },
	{ "version: 1\n\"\": 1\n", "2:1: unknown key \"\"" },
)

BAD(missing_keys,
	{ "cards: []\n", "1:1: \"version\" is missing" },
	{ "# nothing\n\nversion: 1\n", "3:1: \"cards\" is missing" },
	{ "{}", "1:1: \"version\" is missing" },
	{ "version: 1\ncards:\n- devices: []\n", "3:3: \"address\" is missing" },
	{ "version: 1\ncards:\n- address: 0000:00:05.0\n", "3:3: \"devices\" is missing" },
	{ WEB "  - name: web1\n", "7:5: \"mac\" is missing" },
	{ WEB "  - mac: 52:54:00:00:00:02\n", "7:5: \"name\" is missing" },
)

BAD(keys_given_twice,
	{ "version: 1\ncards: []\ncards: []\n", "3:1: \"cards\" is given twice" },
	{ WEB "    mac: 52:54:00:00:00:02\n", "7:5: \"mac\" is given twice" },
	{ WEB "    policy: {trust: on, pcp: 1, trust: on}\n", "7:33: \"trust\" is given twice" },
)

BAD(wrong_types,
	{ "3\n", "1:1: the file is to have keys, with \": \" and a value behind each" },
	{ "- version: 1\n", "1:1: the file is to have keys, with \": \" and a value behind each" },
	{ "---\n", "2:1: the file is to have keys, with \": \" and a value behind each" },
	{ "version: [1]\ncards: []\n", "1:10: \"version\" is to be one value" },
	{ "version:\ncards: []\n", "1:9: \"version\" has no value" },
	{ "version: 1\ncards: 0000:00:05.0\n", "2:8: \"cards\" is to be a list, with \"- \" before each entry, or []" },
	{ "version: 1\ncards: {address: a}\n", "2:8: \"cards\" is to be a list, with \"- \" before each entry, or []" },
	{ "version: 1\ncards:\n", "2:7: \"cards\" is to be a list, with \"- \" before each entry, or []" },
	{ "version: 1\ncards: [0000:00:05.0]\n",
	  "2:9: each of \"cards\" is to have keys, with \": \" and a value behind each" },
	{ "version: 1\ncards:\n-\n", "3:2: each of \"cards\" is to have keys, with \": \" and a value behind each" },
	{ "version: 1\ncards:\n- address: 0:5.0\n  devices: none\n",
	  "4:12: \"devices\" is to be a list, with \"- \" before each entry, or []" },
	{ HEAD "  - web0\n", "5:5: each of \"devices\" is to have keys, with \": \" and a value behind each" },
	{ HEAD "  - [web0]\n", "5:5: each of \"devices\" is to have keys, with \": \" and a value behind each" },
	{ HEAD "  - {name: [a], mac: b}\n", "5:12: \"name\" is to be one value" },
	{ HEAD "  - {name: {a: b}, mac: b}\n", "5:12: \"name\" is to be one value" },
	{ WEB "    mtu:\n", "7:9: \"mtu\" has no value" },
	{ WEB "    mtu: ''\n", "7:10: \"mtu\" has no value" },
	{ WEB "    policy:\n", "7:12: \"policy\" is to have keys, with \": \" and a value behind each" },
	{ WEB "    policy: [trust]\n", "7:13: \"policy\" is to have keys, with \": \" and a value behind each" },
	{ POLICY "macs: 52:54:00:00:01:01\n", "8:13: \"macs\" is to be a list, with \"- \" before each entry, or []" },
	{ POLICY "macs: none\n", "8:13: \"macs\" is to be a list, with \"- \" before each entry, or []" },
	{ POLICY "macs: [[52:54:00:00:01:01]]\n", "8:14: each of \"macs\" is to be one value" },
	{ POLICY "vlans: [5, 6]\n", "8:14: \"vlans\" is to be one value" },
)

BAD(wrong_values,
	{ "version: 2\ncards: []\n", "1:10: version \"2\" is not understood: this is 1" },
	{ "version: 1.0\ncards: []\n", "1:10: version \"1.0\" is not understood: this is 1" },
	{ "version: 1\ncards: [{address: 5, devices: []}]\n",
	  "2:19: address cannot be \"5\": it is a PCI address, like 0000:00:05.0" },
	{ "version: 1\ncards: [{address: '0:20.0', devices: []}]\n",
	  "2:19: address cannot be \"0:20.0\": it is a PCI address, like 0000:00:05.0" },
	{ "version: 1\ncards: [{address: '0:5.8', devices: []}]\n",
	  "2:19: address cannot be \"0:5.8\": it is a PCI address, like 0000:00:05.0" },
	{ HEAD "  - {name: -a, mac: 52:54:00:00:00:01}\n",
	  "5:12: a device cannot be called \"-a\": it has at most 64 letters, digits, or -_. after the first" },
	{ HEAD "  - {name: a b, mac: 52:54:00:00:00:01}\n",
	  "5:12: a device cannot be called \"a b\": it has at most 64 letters, digits, or -_. after the first" },
	{ HEAD "  - {name: ../a, mac: 52:54:00:00:00:01}\n",
	  "5:12: a device cannot be called \"../a\": it has at most 64 letters, digits, or -_. after the first" },
	{ HEAD "  - name: a1234567890123456789012345678901234567890123456789012345678901234\n"
	       "    mac: 52:54:00:00:00:01\n",
	  "5:11: a device cannot be called "
	  "\"a1234567890123456789012345678901234567890123456789012345678901234\": it has "
	  "at most 64 letters, digits, or -_. after the first" },
	{ HEAD "  - name: |\n      web0\n    mac: 52:54:00:00:00:01\n",
	  "5:11: a device cannot be called \"web0?\": it has at most 64 letters, digits, or -_. after the first" },
	{ HEAD "  - {name: a, mac: 52:54:00:00:00}\n",
	  "5:20: mac cannot be \"52:54:00:00:00\": it is to be unicast, like 52:54:00:12:34:56" },
	{ HEAD "  - {name: a, mac: 52:54:00:00:00:001}\n",
	  "5:20: mac cannot be \"52:54:00:00:00:001\": it is to be unicast, like 52:54:00:12:34:56" },
	{ HEAD "  - {name: a, mac: 01:00:5e:00:00:01}\n",
	  "5:20: mac cannot be \"01:00:5e:00:00:01\": it is to be unicast, like 52:54:00:12:34:56" },
	{ HEAD "  - {name: a, mac: 00:00:00:00:00:00}\n",
	  "5:20: mac cannot be \"00:00:00:00:00:00\": it is to be unicast, like 52:54:00:12:34:56" },
	{ WEB "    mtu: 67\n", "7:10: mtu cannot be \"67\": it is 68..65535" },
	{ WEB "    mtu: 65536\n", "7:10: mtu cannot be \"65536\": it is 68..65535" },
	{ WEB "    mtu: 18446744073709553116\n", "7:10: mtu cannot be \"18446744073709553116\": it is 68..65535" },
	{ WEB "    mtu: +1500\n", "7:10: mtu cannot be \"+1500\": it is 68..65535" },
	{ WEB "    mtu: 0x5dc\n", "7:10: mtu cannot be \"0x5dc\": it is 68..65535" },
	{ WEB "    mtu: 1500 bytes\n", "7:10: mtu cannot be \"1500 bytes\": it is 68..65535" },
	{ WEB "    max-vqp: 0\n", "7:14: max-vqp cannot be \"0\": it is 1..16" },
	{ WEB "    max-vqp: 17\n", "7:14: max-vqp cannot be \"17\": it is 1..16" },
	{ WEB "    features: none\n", "7:15: features cannot be \"none\": it is default, all or basic" },
	{ POLICY "spoofchk: true\n", "8:17: spoofchk cannot be \"true\": it is on|off" },
	{ POLICY "trust: ON\n", "8:14: trust cannot be \"ON\": it is on|off" },
	{ POLICY "port-vlan: 0\n", "8:18: port-vlan cannot be \"0\": it is none|VID" },
	{ POLICY "port-vlan: 4095\n", "8:18: port-vlan cannot be \"4095\": it is none|VID" },
	{ POLICY "port-vlan: 5\n      pcp: 8\n", "9:12: pcp cannot be \"8\": it is 0..7" },
	{ POLICY "vlans: 10-5\n", "8:14: vlans cannot be \"10-5\": it is all|none|LIST" },
	{ POLICY "vlans: '5,'\n", "8:14: vlans cannot be \"5,\": it is all|none|LIST" },
	{ POLICY "macs-max: 4294967296\n", "8:17: macs-max cannot be \"4294967296\": it is N" },
	{ POLICY "macs: [52:54:00:00:01:01, 01:00:5e:00:00:01]\n",
	  "8:33: macs cannot have \"01:00:5e:00:00:01\": it is to be unicast, like 52:54:00:12:34:56" },
	{ POLICY "macs:\n      - a\n", "9:9: macs cannot have \"a\": it is to be unicast, like 52:54:00:12:34:56" },
	{ POLICY "macs: ['']\n", "8:14: each of \"macs\" has no value" },
	{ POLICY "pcp: 3\n", "8:12: a priority needs a port-vlan" },
	{ POLICY "port-vlan: none\n      pcp: 0\n", "9:12: a priority needs a port-vlan" },
)

BAD(what_is_there_twice,
	{ "version: 1\ncards:\n- {address: 0000:00:05.0, devices: []}\n- {address: pci/0:5.0, devices: []}\n",
	  "4:13: card 0000:00:05.0 is there twice" },
	{ WEB "  - name: web0\n    mac: 52:54:00:00:00:02\n", "7:11: there are two devices \"web0\"" },
	{ WEB "- address: 0:6.0\n  devices:\n  - {mac: 52:54:00:00:00:02, name: web0}\n",
	  "9:36: there are two devices \"web0\"" },
	{ WEB "  - name: web1\n    mac: 52:54:00:00:00:01\n",
	  "8:10: 52:54:00:00:00:01 is the address of web0 already" },
	{ POLICY "macs: [0a:00:00:00:00:01, 0A:00:00:00:00:01]\n", "8:33: macs has 0A:00:00:00:00:01 twice" },
)

BAD(broken_yaml,
	{ "", "1:1: it is empty: without cards it says \"cards: []\"" },
	{ "# nothing\n", "1:1: it is empty: without cards it says \"cards: []\"" },
	{ "version: 1\ncards: []\n---\nversion: 1\ncards: []\n", "3:1: a second document: there is to be one" },
	{ "---\nversion: 1\ncards: []\n...\n---\n", "5:1: a second document: there is to be one" },
	{ "version: 1\ncards: [\n", "3:1: did not find expected node content while parsing a flow node" },
	{ "version: \"1\n", "2:1: found unexpected end of stream while scanning a quoted scalar" },
	{ "version: 1\n cards: []\n", "2:7: mapping values are not allowed in this context" },
	{ "version: 1\ncards: []\n- a\n", "3:1: did not find expected key while parsing a block mapping" },
	{ "version: 1\ncards:\n\t- address: 0:5.0\n",
	  "3:1: found character that cannot start any token while scanning for the next token" },
	{ "version: 1\ncards:\n- address: 0:5.0\n\tdevices: []\n",
	  "4:1: found a tab character that violates indentation while scanning a plain scalar" },
	{ "%YAML 3.0\n---\nversion: 1\ncards: []\n", "1:1: found incompatible YAML document" },
	{ HEAD "  - &a {name: web0, mac: 52:54:00:00:00:01}\n  - *a\n", "5:5: anchors and aliases are not understood" },
	{ HEAD "  - name: *a\n", "5:11: anchors and aliases are not understood" },
	{ "version: 1\ncards: [[[[[[[[[[[[[[[[[\n", "2:23: it is nested more than 16 deep" },
)

/* What is no text, with the place where it is no more. */
static void no_text(void **state)
{
	static const char nul[] = "version: 1\ncards: []\n# \0\n", latin[] = "version: 1\n# ol\xe9!\ncards: []\n";
	static const char name[] = HEAD "  - {name: \"web0\\0b\", mac: 52:54:00:00:00:01}\n";
	static const uint16_t wide[] = { 0xfeff, 'v', ':', ' ', '1', '\n' };
	static const uint8_t narrow[] = { 0xfe, 0xff, 0, 'v', 0, ':' };

	(void)state;
	bad_bytes(nul, sizeof(nul) - 1, "3:3: control characters are not allowed");
	bad("\x1b[31m: 1\n", "1:1: control characters are not allowed");
	bad(latin, "2:6: invalid trailing UTF-8 octet");
	bad("version: \xc3", "1:10: incomplete UTF-8 octet sequence");
	bad_bytes(wide, sizeof(wide), "1:1: it is to be UTF-8");
	bad_bytes(narrow, sizeof(narrow), "1:1: it is to be UTF-8");
	bad(name, "5:12: \"name\" has a NUL in it");
	bad_bytes("", 1, "1:1: control characters are not allowed");
}

/* What is quoted stays one line of plain characters, however long it was. */
static void quoted(void **state)
{
	static const char *const files[] = {
		WEB "    \"m\\n\\e[31m\\x9b\\u202e\\u00e9\": 1\n",
		WEB "    mtu: \"\\r\\n\\t\\e[31m\\x7f\\x9b\\u2028\"\n",
		WEB "    policy: {trust: \"\xc3\xa9\xf0\x9f\x99\x82\"}\n",
		HEAD "  - {name: \"a\\nb\", mac: b}\n",
	};
	char text[1024], xs[500], why[CONFIG_WHY_BYTES];
	struct config *config;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		assert_int_equal(read_bytes(&config, files[i], strlen(files[i]), why), -EINVAL);
		for (const char *c = why; *c; c++)
			assert_in_range(*c, ' ', '~');
	}
	bad(files[0], "7:5: unknown key \"m??[31m???????\"");
	/* Cut off in the midst of a character. */
	memset(xs, 'x', sizeof(xs));
	for (int len = 460; len < (int)sizeof(xs); len++) {
		snprintf(text, sizeof(text), WEB "    mtu: \"%.*s\xc3\xa9\xc3\xa9\xc3\xa9\"\n", len, xs);
		assert_int_equal(read_bytes(&config, text, strlen(text), why), -EINVAL);
		for (const char *c = why; *c; c++)
			assert_in_range(*c, ' ', '~');
	}
}

/* A text that is being made. */
static struct {
	char *bytes;
	size_t len;
} made;

__attribute__((format(printf, 1, 2)))
static void make(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	made.len += (size_t)vsprintf(made.bytes + made.len, format, args);
	va_end(args);
}

static void too_much(void **state)
{
	(void)state;
	made.bytes = malloc(2 * CONFIG_BYTES_MAX);
	assert_non_null(made.bytes);
	made.len = 0;
	make(POLICY "macs:\n");
	for (unsigned int i = 0; i < 65; i++)
		make("      - 52:54:00:00:01:%02x\n", i);
	bad(made.bytes, "73:9: \"macs\" has more than 64 entries");
	made.len = 0;
	make(HEAD);
	for (unsigned int i = 0; i < CONFIG_DEVS_MAX + 1; i++)
		make("  - {name: a%u, mac: 52:54:00:00:%02x:%02x}\n", i, i >> 8, i & 255);
	bad(made.bytes, "4101:5: \"devices\" has more than 4096 entries");
	made.len = 0;
	make("version: 1\ncards:\n");
	for (unsigned int i = 0; i < CONFIG_DEVS_MAX + 1; i++) {
		if (i % 2100 == 0)
			make("- address: 0:%u.0\n  devices:\n", i / 2100);
		make("  - {name: a%u, mac: 52:54:00:00:%02x:%02x}\n", i, i >> 8, i & 255);
	}
	bad(made.bytes, "3:1: there are 4097 devices, and 4096 at most are understood");
	made.len = 0;
	make(WEB "    mtu: %05000u\n", 1500);
	bad(made.bytes, "7:10: \"mtu\" has more than 4096 bytes");
	made.len = (size_t)sprintf(made.bytes, "version: 1\ncards: []\n");
	memset(made.bytes + made.len, '\n', CONFIG_BYTES_MAX + 1 - made.len);
	bad_bytes(made.bytes, CONFIG_BYTES_MAX + 1, "1:1: it has 1048577 bytes, and 1048576 at most are understood");
	free(made.bytes);
}

/* What would take libyaml minutes is refused at once: anybody may ask for a diff. A mebibyte each. */
static void what_takes_long(void **state)
{
	(void)state;
	made.bytes = malloc(2 * CONFIG_BYTES_MAX);
	assert_non_null(made.bytes);
	made.len = 0;
	make("version: 1\ncards: [\n");
	for (unsigned int i = 0; made.len < CONFIG_BYTES_MAX - 16; i++)
		make("&%x,\n", i);
	bad(made.bytes, "3:1: anchors and aliases are not understood");
	memset(made.bytes, '[', CONFIG_BYTES_MAX);
	bad_bytes(made.bytes, CONFIG_BYTES_MAX, "1:17: it is nested more than 16 deep");
	free(made.bytes);
}

/* ---- no memory ---- */

static long allocations;	/* until there is no more memory; negative: there is always */

static bool refuse_memory(void)
{
	return allocations >= 0 && allocations-- == 0;
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
	return refuse_memory() ? NULL : __real_calloc(count, size);
}

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
	return refuse_memory() ? NULL : __real_strdup(text);
}

/* Without memory for one thing or the next of its own, it says so, and has kept nothing. */
static void without_memory(void **state)
{
	char why[CONFIG_WHY_BYTES];
	struct config *config;
	long failed = 0;
	int ret;

	(void)state;
	for (;;) {
		allocations = failed;
		ret = read_bytes(&config, full, strlen(full), why);
		allocations = -1;
		if (!ret)
			break;
		assert_int_equal(ret, -ENOMEM);
		assert_null(config);
		failed++;
	}
	check_full(config);
	config_free(config);
	/* What config_none() makes, cards, devices, and three names. */
	assert_int_equal(failed, 6);
}

/* ---- cut off and altered ---- */

/* Of whatever is left of a good file, nothing bad comes; it is refused with a place, or says something else. */
static void altered(void **state)
{
	size_t len = strlen(full);
	char text[sizeof(full)], why[CONFIG_WHY_BYTES];
	unsigned int line, column;
	struct config *config;

	(void)state;
	for (size_t i = 0; i <= len; i++) {
		if (read_bytes(&config, full, i, why))
			assert_int_equal(sscanf(why, "%u:%u: ", &line, &column), 2);
		config_free(config);
	}
	for (size_t i = 0; i < 4 * len; i++) {
		memcpy(text, full, sizeof(full));
		text[i / 4] = "\n-\"\xff"[i % 4];
		if (read_bytes(&config, text, len, why)) {
			assert_int_equal(sscanf(why, "%u:%u: ", &line, &column), 2);
			assert_in_range(line, 1, 31);
			assert_in_range(column, 1, 100);
		}
		config_free(config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key),
		cmocka_unit_test(defaults),
		cmocka_unit_test(other_spellings),
		cmocka_unit_test(limits),
		cmocka_unit_test(unknown_keys),
		cmocka_unit_test(missing_keys),
		cmocka_unit_test(keys_given_twice),
		cmocka_unit_test(wrong_types),
		cmocka_unit_test(wrong_values),
		cmocka_unit_test(what_is_there_twice),
		cmocka_unit_test(broken_yaml),
		cmocka_unit_test(no_text),
		cmocka_unit_test(quoted),
		cmocka_unit_test(too_much),
		cmocka_unit_test(what_takes_long),
		cmocka_unit_test(without_memory),
		cmocka_unit_test(altered),
	};

	allocations = -1;
	return cmocka_run_group_tests_name("ctl_config", tests, NULL, NULL);
}
