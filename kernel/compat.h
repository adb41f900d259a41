/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One spelling for what the kernels name differently. Kbuild finds out by compiling probe/: a
 * distribution backports what it likes, so that a version number says little.
 */
#ifndef VQNIC_COMPAT_H
#define VQNIC_COMPAT_H

#include <linux/vdpa.h>

#ifdef VQNIC_VDPA_VMAP
#define vqnic_vdpa_alloc(type, member, parent, ops, ngroups, nas, name) \
	vdpa_alloc_device(type, member, parent, ops, NULL, ngroups, nas, name, false)

static inline void vqnic_vdpa_set_dma_dev(struct vdpa_device *vdpa, struct device *dma_dev)
{
	vdpa->vmap.dma_dev = dma_dev;
}
#else
#define vqnic_vdpa_alloc(type, member, parent, ops, ngroups, nas, name) \
	vdpa_alloc_device(type, member, parent, ops, ngroups, nas, name, false)

static inline void vqnic_vdpa_set_dma_dev(struct vdpa_device *vdpa, struct device *dma_dev)
{
	vdpa->dma_dev = dma_dev;
}
#endif

#ifdef VQNIC_REPORTER_PERIOD
#define vqnic_reporter_create(devlink, ops, priv) \
	devlink_health_reporter_create(devlink, ops, 0, priv)
#else
#define vqnic_reporter_create(devlink, ops, priv) \
	devlink_health_reporter_create(devlink, ops, priv)
#endif

#endif /* VQNIC_COMPAT_H */
