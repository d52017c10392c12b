package provisioning

// SetMaxMembers sets a limit in place of [MaxMembers].
func (p *Provisioner) SetMaxMembers(n int) { p.maxMembers = n }
