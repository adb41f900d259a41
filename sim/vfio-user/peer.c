// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "peer.h"

bool peer_maps_privately(int sock, int memory)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	bool private = false, shared = false;
	char path[32], line[512];
	struct stat st;
	FILE *maps;

	if (fstat(memory, &st) || getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/maps", peer.pid);
	maps = fopen(path, "re");
	if (!maps)
		return false;
	while (fgets(line, sizeof(line), maps)) {
		unsigned int major, minor;
		unsigned long inode;
		char sharing;

		if (sscanf(line, "%*x-%*x %*3c%c %*x %x:%x %lu", &sharing, &major, &minor, &inode) != 4 ||
		    inode != st.st_ino || makedev(major, minor) != st.st_dev)
			continue;
		private |= sharing == 'p';
		shared |= sharing == 's';
	}
	fclose(maps);
	return private && !shared;
}
