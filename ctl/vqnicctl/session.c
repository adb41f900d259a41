// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>

#include "session.h"

int session_fail(const struct session *session, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(session->why, WHY_BYTES, format, args);
	va_end(args);
	return err;
}
