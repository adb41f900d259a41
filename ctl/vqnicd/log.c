// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <systemd/sd-daemon.h>

#include "log.h"

void log_line(enum log_level level, const char *format, ...)
{
	static const char *const prefixes[] = {
		[LOG_LEVEL_ERROR] = SD_ERR, [LOG_LEVEL_WARNING] = SD_WARNING,
		[LOG_LEVEL_NOTICE] = SD_NOTICE, [LOG_LEVEL_INFO] = SD_INFO,
	};
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (char *c = text; *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = ' ';
	fprintf(stderr, "%s%s\n", getenv("JOURNAL_STREAM") ? prefixes[level] : "vqnicd: ", text);
}
