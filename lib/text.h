/*
 * Text in a caller's buffer, cut like that of snprintf().  The library does not
 * call stdio's functions: MinGW's are its own, so a static library that calls
 * these could not be linked by MSVC.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>
#include <stdint.h>

struct mio_text {
	char	*buf;		/* NULL if size is 0 */
	size_t	 size;
	size_t	 len;		/* of the complete text */
};

void	mio_text_put(struct mio_text *, const char *);
/* A number in decimal or hexadecimal, according to the base. */
void	mio_text_number(struct mio_text *, uintptr_t, unsigned int);
/* Terminates the text, and returns the length of the complete one. */
int	mio_text_end(struct mio_text *);

#endif /* TEXT_H */
