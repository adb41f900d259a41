// SPDX-License-Identifier: GPL-2.0-only
/* Compiles if a vDPA device names its DMA device by a map token, as since 6.18. */
#include <linux/vdpa.h>

struct device *probe(struct vdpa_device *vdpa);
struct device *probe(struct vdpa_device *vdpa)
{
	return vdpa->vmap.dma_dev;
}
