/* SPDX-License-Identifier: Apache-2.0 */
/* What vqnicd can be asked for. docs/operators-guide.md has each method with its parameters and its result. */
#ifndef METHODS_H
#define METHODS_H

#include "rpc.h"

/* Ends with a name that is NULL. A call's `opaque` is a struct daemon. */
extern const struct rpc_method methods[];

#endif
