/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>

#define ADDRESS_BYTES sizeof("ffffffff:ff:1f.7")

/*
 * Whether `text` is a PCI address [pci/][DOMAIN:]BUS:DEVICE.FUNCTION in hexadecimal. If so, writes it to `address` as
 * the kernel spells it.
 */
bool address_parse(const char *text, char address[static ADDRESS_BYTES]);

#endif
