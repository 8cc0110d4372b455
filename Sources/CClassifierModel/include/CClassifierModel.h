#ifndef PURSER_CLASSIFIER_MODEL_H
#define PURSER_CLASSIFIER_MODEL_H

#include <stddef.h>

/// The trained classifier that ships in the program; it lives as long as the program.
const unsigned char *purser_classifier_model(void);
size_t purser_classifier_model_size(void);

#endif
