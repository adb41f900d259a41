// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>

#include "clock.h"
#include "log.h"

static FILE *log_file;
static enum log_level log_max = LEVEL_INFO;

void log_to(FILE *file, enum log_level max)
{
	log_file = file;
	log_max = max;
}

void log_line(enum log_level level, const char *format, ...)
{
	static const char *const names[] = {
		[LEVEL_ERROR] = "error", [LEVEL_WARN] = "warn", [LEVEL_INFO] = "info", [LEVEL_DEBUG] = "debug",
	};
	static uint64_t start;
	FILE *f = log_file ? log_file : stderr;
	va_list args;

	if (!start)
		start = clock_ns();
	if (level > log_max)
		return;
	fprintf(f, "vqnic-sim %11.6f %s: ", (double)(clock_ns() - start) / 1e9, names[level]);
	va_start(args, format);
	vfprintf(f, format, args);
	va_end(args);
	fputc('\n', f);
	fflush(f);
}
