/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's log: one line an event, with the seconds since the start and a level. */
#ifndef SIM_LOG_H
#define SIM_LOG_H

#include <stdio.h>

enum log_level { LEVEL_ERROR, LEVEL_WARN, LEVEL_INFO, LEVEL_DEBUG };

/* Lines up to `max` go to `file`, which stays the caller's. Before the first call: up to LEVEL_INFO, to stderr. */
void log_to(FILE *file, enum log_level max);

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_line(LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LEVEL_DEBUG, __VA_ARGS__)

#endif
