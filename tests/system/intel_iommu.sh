# shellcheck shell=bash disable=SC2034,SC2086,SC2154  # variables are shared with tests/system/run
# SPDX-License-Identifier: Apache-2.0
#
# The card behind a platform IOMMU, intel-iommu: what the driver hands to the card are then that one's addresses.

wire=loopback once='' options='--iommu intel'

test_behind_intel_iommu() { behind_platform_iommu; }
