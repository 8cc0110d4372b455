#ifndef PURSER_CATALOGUE_H
#define PURSER_CATALOGUE_H

#include <stddef.h>

/// The catalogue of known models that ships in the program, as JSON; it lives as long as the program.
const unsigned char *purser_catalogue(void);
size_t purser_catalogue_size(void);

#endif
