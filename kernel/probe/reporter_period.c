// SPDX-License-Identifier: GPL-2.0-only
/* Compiles if a health reporter of devlink is created with its graceful period, as before 6.18. */
#include <net/devlink.h>

struct devlink_health_reporter *probe(struct devlink *devlink,
				      const struct devlink_health_reporter_ops *ops);
struct devlink_health_reporter *probe(struct devlink *devlink,
				      const struct devlink_health_reporter_ops *ops)
{
	return devlink_health_reporter_create(devlink, ops, 0, NULL);
}
