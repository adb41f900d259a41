/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for journald on the standard error: with their level before them if that is where they go. */
#ifndef LOG_H
#define LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE, LOG_LEVEL_INFO };

/* Writes one line; what is no text in it is replaced. */
__attribute__((format(printf, 2, 3)))
void log_line(enum log_level level, const char *format, ...);

#endif
