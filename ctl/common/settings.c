// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "settings.h"

#define VID_MIN 1
#define VID_MAX 4094

/* Takes all of `text` as a decimal number from `min` to `max`. */
static bool parse_number(const char *text, unsigned long min, unsigned long max, unsigned long *value)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	*value = strtoul(text, &end, 10);
	return !*end && *value >= min && *value <= max;
}

static bool parse_switch(const char *text, bool *on)
{
	*on = !strcmp(text, "on");
	return *on || !strcmp(text, "off");
}

static bool parse_spoofchk(const char *text, struct vqnic_policy *policy)
{
	VQNIC_GIVE(policy, VQNIC_FILTER_A_SPOOF_CHECK);
	return parse_switch(text, &policy->spoof_check);
}

static bool parse_trust(const char *text, struct vqnic_policy *policy)
{
	VQNIC_GIVE(policy, VQNIC_FILTER_A_TRUST);
	return parse_switch(text, &policy->trust);
}

static bool parse_port_vlan(const char *text, struct vqnic_policy *policy)
{
	unsigned long vid = 0;

	VQNIC_GIVE(policy, VQNIC_FILTER_A_PORT_VLAN);
	if (strcmp(text, "none") && !parse_number(text, VID_MIN, VID_MAX, &vid))
		return false;
	policy->port_vlan = (uint16_t)vid;
	return true;
}

static bool parse_pcp(const char *text, struct vqnic_policy *policy)
{
	unsigned long pcp;

	VQNIC_GIVE(policy, VQNIC_FILTER_A_PCP);
	if (!parse_number(text, 0, 7, &pcp))
		return false;
	policy->pcp = (uint8_t)pcp;
	return true;
}

/* "all", "none", or VLAN IDs and ranges of them with commas between. */
static bool parse_vlans(const char *text, struct vqnic_policy *policy)
{
	char list[4096], *rest, *range;

	if (!strcmp(text, "all")) {
		VQNIC_GIVE(policy, VQNIC_FILTER_A_ALL_VLANS);
		return true;
	}
	VQNIC_GIVE(policy, VQNIC_FILTER_A_VLANS);
	if (!strcmp(text, "none"))
		return true;
	if ((size_t)snprintf(list, sizeof(list), "%s", text) >= sizeof(list))
		return false;
	for (rest = list; (range = strsep(&rest, ","));) {
		unsigned long first, last;
		char *dash = strchr(range, '-');

		if (dash)
			*dash = '\0';
		if (!parse_number(range, VID_MIN, VID_MAX, &first) ||
		    !parse_number(dash ? dash + 1 : range, first, VID_MAX, &last))
			return false;
		for (; first <= last; first++)
			policy->vlans[first / 8] |= (uint8_t)(1 << first % 8);
	}
	return true;
}

/* "none", or addresses with commas between. */
static bool parse_macs(const char *text, struct vqnic_policy *policy)
{
	char list[VQNIC_POLICY_MACS * sizeof("52:54:00:12:34:56")], *rest, *mac;

	VQNIC_GIVE(policy, VQNIC_FILTER_A_UNICAST);
	if (!strcmp(text, "none"))
		return true;
	if ((size_t)snprintf(list, sizeof(list), "%s", text) >= sizeof(list))
		return false;
	for (rest = list; (mac = strsep(&rest, ","));)
		if (policy->mac_count == VQNIC_POLICY_MACS || !address_parse_mac(mac, policy->macs[policy->mac_count++]))
			return false;
	return true;
}

static bool parse_macs_max(const char *text, struct vqnic_policy *policy)
{
	unsigned long max;

	VQNIC_GIVE(policy, VQNIC_FILTER_A_MACS_MAX);
	if (!parse_number(text, 0, UINT32_MAX, &max))
		return false;
	policy->macs_max = (uint32_t)max;
	return true;
}

const struct setting settings[] = {
	{ "spoofchk", "on|off", "on: the guest has no address but the one given and macs", parse_spoofchk },
	{ "trust", "on|off", "on: it may be promiscuous and receive all multicast", parse_trust },
	{ "port-vlan", "none|VID", "the VLAN that it lives in, without seeing tags", parse_port_vlan },
	{ "pcp", "0..7", "priority of its frames in the port VLAN", parse_pcp },
	{ "vlans", "all|none|LIST", "which VLANs it may use, a list is like 5,10-20", parse_vlans },
	{ "macs", "none|LIST", "addresses that it may have besides, at most 64 with commas between", parse_macs },
	{ "macs-max", "N", "how many addresses it can have besides its own", parse_macs_max },
	{ NULL, NULL, NULL, NULL },
};

/* Takes one setting; `value` NULL: none was given. Bit i of *given says that settings[i] was. */
static bool parse_setting(const char *command, const char *key, const char *value, struct vqnic_policy *policy,
			  unsigned int *given, const struct error_place *at)
{
	unsigned int i;

	for (i = 0; settings[i].key && strcmp(key, settings[i].key); i++)
		;
	if (!settings[i].key)
		error_say(at, "%s: unknown setting \"%s\": \"vqnicctl --help\" lists them", command, key);
	else if (*given >> i & 1)
		error_say(at, "%s: %s is given twice", command, key);
	else if (!value)
		error_say(at, "%s: %s needs a value: %s", command, key, settings[i].values);
	else if (!settings[i].parse(value, policy))
		error_say(at, "%s: %s cannot be \"%s\": it is %s", command, key, value, settings[i].values);
	else
		return *given |= 1U << i;
	return false;
}

bool settings_parse(const char *command, char **words, unsigned int count, struct vqnic_policy *policy,
		    const struct error_place *at)
{
	unsigned int given = 0;

	for (unsigned int i = 0; i < count; i += 2)
		if (!parse_setting(command, words[i], i + 1 < count ? words[i + 1] : NULL, policy, &given, at))
			return false;
	return true;
}
