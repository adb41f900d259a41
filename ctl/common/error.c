// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>

#include "error.h"

void error_say(const struct error_place *at, const char *format, ...)
{
	va_list args;

	fprintf(at->file, "vqnicctl: ");
	if (at->batch && at->line)
		fprintf(at->file, "%s:%lu: ", at->batch, at->line);
	else if (at->batch)
		fprintf(at->file, "%s: ", at->batch);
	va_start(args, format);
	vfprintf(at->file, format, args);
	va_end(args);
	fputc('\n', at->file);
}
