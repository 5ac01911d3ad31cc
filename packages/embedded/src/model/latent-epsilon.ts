/**
 * Added to the mean square by the norms of the two latents. transformers and DeepSeek's own code take this here, whatever
 * `rms_norm_eps` says.
 */
export const LATENT_EPSILON = 1e-6;
