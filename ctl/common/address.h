/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "vqnic/vqnic.h"

#define ADDRESS_BYTES sizeof("ffffffff:ff:1f.7")

/*
 * Whether `text` is a PCI address [pci/][DOMAIN:]BUS:DEVICE.FUNCTION in hexadecimal. If so, writes it to `address` as
 * the kernel spells it.
 */
bool address_parse(const char *text, char address[static ADDRESS_BYTES]);

/* Whether all of `text` is a MAC address like 52:54:00:12:34:56. If so, writes it to `mac`. */
bool address_parse_mac(const char *text, uint8_t mac[static VQNIC_MAC_BYTES]);

#endif
