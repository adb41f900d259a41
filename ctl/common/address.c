// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"

bool address_parse(const char *text, char address[static ADDRESS_BYTES])
{
	unsigned int domain = 0, bus, device, function;
	int end = 0;

	if (!strncmp(text, "pci/", 4))
		text += 4;
	/* sscanf would take signs, spaces and 0x. */
	if (strspn(text, "0123456789abcdefABCDEF:.") != strlen(text))
		return false;
	if (sscanf(text, "%8x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &end) != 4 || text[end]) {
		domain = 0;
		end = 0;
		if (sscanf(text, "%2x:%2x.%1x%n", &bus, &device, &function, &end) != 3 || text[end])
			return false;
	}
	if (device > 0x1f || function > 7)
		return false;
	snprintf(address, ADDRESS_BYTES, "%04x:%02x:%02x.%x", domain, bus, device, function);
	return true;
}

bool address_parse_mac(const char *text, uint8_t mac[static VQNIC_MAC_BYTES])
{
	for (unsigned int i = 0; i < VQNIC_MAC_BYTES; i++, text += 3) {
		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]) ||
		    text[2] != (i + 1 < VQNIC_MAC_BYTES ? ':' : '\0'))
			return false;
		mac[i] = (uint8_t)strtoul(text, NULL, 16);
	}
	return true;
}
