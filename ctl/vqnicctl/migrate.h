/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of `migrate` that have to do with files. They return 0 or a negative errno, of which vqnic_error() says
 * more, or session->why.
 */
#ifndef MIGRATE_H
#define MIGRATE_H

#include "session.h"
#include "show.h"

/*
 * Writes the state of a device to `file`, or to the standard output. One that runs is suspended before, and goes on if
 * that fails, or is ended by a signal. What is in a file is on its disk when this returns 0; else what was there before stays.
 */
int state_save(const struct session *session, const char *card, const char *dev, const char *file);

/* Gives a device the state in `file`, or in the standard input. */
int state_load(const struct session *session, const char *card, const char *dev, const char *file);

/* Prints what the state in `file`, or in the standard input, says. */
int state_show(const struct session *session, const char *file, struct show *show);

#endif
