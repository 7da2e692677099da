/* See winposix.h. */
#include "winposix.h"

struct ifaddrs {
	struct ifaddrs	*ifa_next;
	struct sockaddr	*ifa_addr;
};

#define getifaddrs(list)	winposix_getifaddrs(list)
#define freeifaddrs(list)	free(list)

int	winposix_getifaddrs(struct ifaddrs **);
