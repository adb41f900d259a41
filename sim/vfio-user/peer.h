/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VFIO_USER_PEER_H
#define VFIO_USER_PEER_H

#include <stdbool.h>

/*
 * Does the process at the other end of the UNIX socket `sock` see the file `memory` through private mappings only? What
 * others write to the file may then never reach it. False if that cannot be found out.
 */
bool peer_maps_privately(int sock, int memory);

#endif
