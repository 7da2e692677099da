/* See winposix.h. */
#include "winposix.h"
